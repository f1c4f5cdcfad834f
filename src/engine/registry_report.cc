#include "engine/registry_report.h"

#include "contract/message.h"

namespace pyxis {

std::string RegistryReport::encode() const {
  MessageWriter writer;
  writer.texts(addresses);
  writer.texts(policy);
  for (const auto* text : {&registry, &name_error, &proxy, &not_by_proxy, &url, &reach_error, &reach_remedy,
                           &words, &identity, &login_error, &login_remedy, &asked, &certificates})
    writer.text(*text);
  for (uint64_t number :
       {status, uint64_t{dated}, static_cast<uint64_t>(ahead), uint64_t{wants_login}, uint64_t{admitted}})
    writer.number(number);
  return writer.take();
}

Result<RegistryReport> RegistryReport::decode(std::string_view body) {
  MessageReader reader(body);
  RegistryReport report;
  report.addresses = TRY(reader.texts());
  report.policy = TRY(reader.texts());
  for (auto* text : {&report.registry, &report.name_error, &report.proxy, &report.not_by_proxy, &report.url,
                     &report.reach_error, &report.reach_remedy, &report.words, &report.identity,
                     &report.login_error, &report.login_remedy, &report.asked, &report.certificates})
    *text = TRY(reader.text());
  report.status = TRY(reader.number());
  report.dated = TRY(reader.number()) != 0;
  report.ahead = static_cast<int64_t>(TRY(reader.number()));
  report.wants_login = TRY(reader.number()) != 0;
  report.admitted = TRY(reader.number()) != 0;
  if (!reader.at_end()) return sys_error("report of a registry", EBADMSG);
  return report;
}

}  // namespace pyxis
