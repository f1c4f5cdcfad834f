#include "importer/registry_check.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>

#include <array>
#include <ctime>
#include <memory>
#include <set>

#include "base/text.h"
#include "engine/registry_report.h"
#include "importer/registry_access.h"
#include "registry/auth.h"
#include "registry/explain.h"
#include "registry/http.h"
#include "registry/session.h"

namespace pyxis {
namespace {

constexpr size_t longest_page = 64u << 10;

void look_up_name(RegistryReport& report, const Url& url) {
  auto host = url.host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int code = ::getaddrinfo(host.c_str(), url.port.c_str(), &hints, &found);
  if (code != 0) {
    report.name_error = code == EAI_SYSTEM ? strerrordesc_np(errno) : ::gai_strerror(code);
    return;
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> release(found, ::freeaddrinfo);
  std::set<std::string> addresses;
  for (const auto* each = found; each; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0)
      addresses.insert(text.data());
  }
  report.addresses.assign(addresses.begin(), addresses.end());
}

// A proxy's address may have a password in it.
std::string without_secret(const std::string& proxy) {
  auto begin = proxy.find("://");
  begin = begin == proxy.npos ? 0 : begin + 3;
  auto at = proxy.rfind('@');
  return at == proxy.npos || at < begin ? proxy : proxy.substr(0, begin) + proxy.substr(at + 1);
}

// As libcurl reads no_proxy: names, which stand for what is below them, too; and `*`.
bool spared_by(const std::string& no_proxy, const std::string& host) {
  auto list = no_proxy;
  for (char& c : list)
    if (c == ' ') c = ',';
  for (const auto& entry : split(list, ',')) {
    auto name = to_lower(entry.starts_with('.') ? entry.substr(1) : entry);
    if (name == "*" || (!name.empty() && (host == name || host.ends_with("." + name)))) return true;
  }
  return false;
}

void find_proxy(RegistryReport& report, const HttpSettings& http, const Url& url) {
  const auto& own = url.plain() ? http.http_proxy : http.https_proxy;
  const auto& proxy = own.empty() ? http.all_proxy : own;
  if (proxy.empty()) return;
  if (spared_by(http.no_proxy, url.host))
    report.not_by_proxy = http.no_proxy;
  else
    report.proxy = without_secret(proxy);
}

void compare_clocks(RegistryReport& report, const HttpResponse& response) {
  auto date = ::curl_getdate(response.header("date").c_str(), nullptr);
  if (date < 0) return;
  // A cache on the way answers with what it was given so many seconds ago.
  auto age = parse_number<unsigned>(response.header("age")).value_or(0);
  report.dated = true;
  report.ahead = static_cast<int64_t>(::time(nullptr)) - static_cast<int64_t>(date) - int64_t{age};
}

// Asked again as the registry demands, with what credentials there are.
void log_in(RegistryReport& report, Http& http, Authenticator& authenticator, const HttpRequest& first,
            const HttpResponse& refused, const CredentialPlaces& places) {
  report.wants_login = true;
  auto renewed = authenticator.renew(refused, "", {});
  report.identity = authenticator.identity();
  if (!renewed.ok()) {
    report.login_error = renewed.error().message;
    report.login_remedy = renewed.error().remedy;
    return;
  }
  if (!*renewed) return;
  auto request = first;
  request.authorization = authenticator.authorization();
  auto outcome = http.perform(request, {}, longest_page, {});
  report.admitted = outcome.failure == HttpFailure::none && outcome.response.status == 200;
  if (report.admitted) return;
  Inquiry inquiry;
  inquiry.object = "log in";
  inquiry.registry = report.registry;
  inquiry.identity = report.identity;
  inquiry.places = places.list();
  auto error = explain(inquiry, outcome);
  report.login_error = error.message;
  report.login_remedy = error.remedy;
}

std::string describe(const RegistryPlace& place) {
  auto text = place.registry + (place.path.empty() ? "" : "/" + place.path);
  if (place.use == MirrorUse::by_digest) text += " for digests";
  if (place.use == MirrorUse::by_tag) text += " for tags";
  return text + (place.insecure ? " (plain http is allowed)" : "");
}

// Of all rules that are for the registry, or a part of it.
void describe_policy(RegistryReport& report, const RegistriesConf& registries) {
  for (const auto& rule : registries.rules()) {
    if (rule.match.registry != report.registry && registries.find(report.registry, "") != &rule) continue;
    auto text = rule.prefix + ": ";
    if (rule.blocked) {
      text += "blocked";
    } else {
      std::vector<std::string> places;
      for (const auto& mirror : rule.mirrors) places.push_back(describe(mirror));
      auto location = rule.location.registry.empty() ? rule.match : rule.location;
      location.insecure = rule.location.insecure;
      places.push_back(describe(location));
      text += join(places, ", then ");
    }
    report.policy.push_back(text + ", by " + rule.match.where);
  }
}

}  // namespace

Result<std::string> check_registry(const Settings& settings, const ImportRequest& request,
                                   Reporter& reporter) {
  RegistryReport report;
  report.registry = request.reference.registry;
  auto client = TRY(registry_settings(settings, Patience::brief, reporter));
  describe_policy(report, client.registries);
  auto endpoints = client.registries.endpoints(report.registry, request.reference.repository);
  if (!endpoints.ok()) {
    report.reach_error = endpoints.error().message;
    report.reach_remedy = endpoints.error().remedy;
    return report.encode();
  }
  const auto& place = endpoints->back();
  if (place.registry != report.registry) report.asked = place.registry;
  auto likely = TRY(parse_url("https://" + place.registry + "/v2/"));
  if (auto certificates = find_host_certificates(client.http.certificate_directories, likely);
      certificates.ok())
    report.certificates = certificates->directory;
  find_proxy(report, client.http, likely);
  look_up_name(report, likely);
  // A proxy may know names that this node does not.
  if (!report.name_error.empty() && report.proxy.empty()) return report.encode();

  Http http(client.http);
  auto base = find_base(http, place.registry, place.insecure, {}, {});
  if (!base.ok()) {
    report.reach_error = base.error().message;
    report.reach_remedy = base.error().remedy;
    return report.encode();
  }
  HttpRequest question;
  question.url = *base;
  auto outcome = http.perform(question, {}, longest_page, {});
  if (outcome.failure != HttpFailure::none) {
    report.reach_error = outcome.error->message;
    report.reach_remedy = outcome.error->remedy;
    return report.encode();
  }
  report.url = base->text;
  report.status = static_cast<uint64_t>(outcome.response.status);
  if (report.status != 200 && report.status != 401) report.words = words_of(outcome.response);
  compare_clocks(report, outcome.response);
  // Who it sends its callers to has not our credentials to ask for.
  bool by_registry = outcome.response.url.origin() == base->origin();
  if (report.status == 401 && by_registry) {
    Authenticator authenticator(http, client.credentials, {place.registry, "", request.reference.user},
                                client.warn);
    log_in(report, http, authenticator, question, outcome.response, client.credentials);
  }
  return report.encode();
}

Result<std::string> check_policy(const Settings& settings, const ImportRequest&, Reporter& reporter) {
  auto client = TRY(registry_settings(settings, Patience::brief, reporter));
  return std::to_string(client.registries.rules().size());
}

}  // namespace pyxis
