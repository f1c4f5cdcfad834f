#include "doctor/finding.h"

#include "contract/message.h"

namespace pyxis::doctor {

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::warn:
      return "warn";
    case Verdict::fail:
      return "fail";
    case Verdict::skip:
      return "skip";
  }
  return "";
}

std::string encode(const Findings& findings) {
  MessageWriter writer;
  writer.number(findings.size());
  for (const auto& finding : findings) {
    writer.number(static_cast<uint64_t>(finding.verdict));
    for (const auto* text : {&finding.check, &finding.fact, &finding.remedy, &finding.group})
      writer.text(*text);
  }
  return writer.take();
}

Result<Findings> decode(std::string_view body) {
  MessageReader reader(body);
  Findings findings;
  for (uint64_t count = TRY(reader.number()); count > 0; --count) {
    Finding finding;
    uint64_t verdict = TRY(reader.number());
    if (verdict > static_cast<uint64_t>(Verdict::skip)) return sys_error("findings of a check", EBADMSG);
    finding.verdict = static_cast<Verdict>(verdict);
    for (auto* text : {&finding.check, &finding.fact, &finding.remedy, &finding.group})
      *text = TRY(reader.text());
    findings.push_back(std::move(finding));
  }
  if (!reader.at_end()) return sys_error("findings of a check", EBADMSG);
  return findings;
}

}  // namespace pyxis::doctor
