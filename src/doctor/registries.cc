// Registries, asked by `pyxis-ask`, which holds all that speaks with networks.
#include <cstdlib>

#include "base/text.h"
#include "contract/reference.h"
#include "doctor/checks.h"
#include "engine/helper.h"
#include "engine/registry_report.h"
#include "image/platform.h"

namespace pyxis::doctor {
namespace {

constexpr auto set_the_clock = "run: chronyc makestep, or timedatectl set-ntp true";

class KeepsWarnings : public NobodyReports {
 public:
  void warn(const std::string& line) override { warnings.push_back(line); }
  std::vector<std::string> warnings;
};

std::string host_of(const std::string& registry) {
  if (registry.starts_with('[')) return registry.substr(1, registry.find(']') - 1);
  return registry.substr(0, registry.find(':'));
}

std::string with_port(const std::string& registry) {
  return registry.find(':', registry.rfind(']') == registry.npos ? 0 : registry.rfind(']')) == registry.npos
             ? registry + ":443"
             : registry;
}

Finding judge_name(const std::string& check, const RegistryReport& report) {
  if (report.name_error.empty())
    return {check + ": name", Verdict::pass, printable(join(report.addresses, ", ")), "", ""};
  auto fact = host_of(report.asked.empty() ? report.registry : report.asked) + ": " + report.name_error;
  if (!report.proxy.empty())
    return {check + ": name", Verdict::pass, fact + "; the proxy has to know it", "", ""};
  return {check + ": name", Verdict::fail, fact,
          "run: getent hosts " + host_of(report.registry) +
              " (the spelling, and the servers in /etc/resolv.conf; where the way out is a proxy: export "
              "https_proxy)",
          ""};
}

Findings judge_proxy(const std::string& check, const RegistryReport& report) {
  if (!report.proxy.empty())
    return {{check + ": proxy", Verdict::pass, "asked by " + printable(report.proxy), ""}};
  if (!report.not_by_proxy.empty())
    return {
        {check + ": proxy", Verdict::pass, "none for it: no_proxy=" + printable(report.not_by_proxy), ""}};
  return {};
}

std::string remedy_of_reach(const RegistryReport& report) {
  auto error = to_lower(report.reach_error);
  auto has = [&](const char* text) { return error.find(text) != error.npos; };
  // What the site has for that host cannot be read: nothing has been asked.
  if (has("certificates for "))
    return report.reach_remedy.empty()
               ? "put right what is named there: users' own processes must be able to read it"
               : report.reach_remedy;
  if (has("certificate") && (has("expired") || has("not yet")))
    return "run: date (where that is right, the registry's certificate has to be renewed); " +
           std::string(set_the_clock);
  if (has("certificate"))
    return "run: openssl s_client -showcerts -connect " + with_port(report.registry) +
           " </dev/null (who signed it), then install -D -m 644 CA.crt /etc/enroot/certs.d/" +
           report.registry + "/ca.crt";
  auto remedy = report.reach_remedy.empty() ? "" : " (" + report.reach_remedy + ")";
  return "run: curl -v https://" + report.registry + "/v2/" + remedy;
}

Finding judge_answer(const std::string& check, const RegistryReport& report) {
  if (report.status == 200 || report.status == 401)
    return {check, Verdict::pass,
            report.url +
                (report.url.starts_with("https") ? ", certificate verified" : ", plain http, unencrypted"),
            "", ""};
  return {check, Verdict::fail,
          report.url + " answers " + std::to_string(report.status) + " as no registry does" +
              (report.words.empty() ? "" : ": " + report.words),
          "run: curl -i " + report.url + " (a proxy in between, or another service on that port)", ""};
}

std::string duration(uint64_t seconds) {
  constexpr uint64_t minute = 60, hour = 3600, day = 86400;
  if (seconds < 2 * minute) return std::to_string(seconds) + " s";
  if (seconds < 2 * hour) return std::to_string(seconds / minute) + " min";
  if (seconds < 2 * day) return std::to_string(seconds / hour) + " h";
  return std::to_string(seconds / day) + " days";
}

Findings judge_clock(const std::string& check, const RegistryReport& report) {
  constexpr uint64_t noticed = 30, wrong = 300;  // seconds; tokens are often good for 300
  if (!report.dated) return {};
  auto apart = report.ahead < 0 ? uint64_t{0} - static_cast<uint64_t>(report.ahead)
                                : static_cast<uint64_t>(report.ahead);
  if (apart <= noticed) return {{check + ": clock", Verdict::pass, duration(apart) + " apart", ""}};
  return {{check + ": clock", apart > wrong ? Verdict::fail : Verdict::warn,
           "this node's clock is " + duration(apart) + (report.ahead > 0 ? " ahead of" : " behind") +
               " the registry's",
           set_the_clock}};
}

Finding judge_login(const std::string& check, const RegistryReport& report) {
  auto login = check + ": login";
  if (!report.wants_login) return {login, Verdict::pass, "not wanted", "", ""};
  auto who = report.identity.empty() ? "anonymous" : printable(report.identity);
  if (report.admitted) return {login, Verdict::pass, who, "", ""};
  auto shown = report.registry == docker_hub ? "docker login" : "docker login " + report.registry;
  if (report.identity.empty() && report.login_error.empty())
    return {login, Verdict::warn, "wanted, and there are no credentials: what is private is not to be had",
            "run: " + shown, ""};
  return {login, Verdict::fail, report.login_error.empty() ? "refused: " + who : report.login_error,
          "run: " + shown + (report.login_remedy.empty() ? "" : " (" + report.login_remedy + ")"), ""};
}

Findings describe_policy(const std::string& check, const RegistryReport& report) {
  Findings findings;
  for (const auto& line : report.policy)
    findings.push_back({check + ": policy", Verdict::pass, printable(line), "", ""});
  if (!report.certificates.empty())
    findings.push_back({check + ": certificates", Verdict::pass, "from " + report.certificates, "", ""});
  return findings;
}

Findings judge(const std::string& check, const RegistryReport& report) {
  bool blocked = report.addresses.empty() && report.name_error.empty();
  if (blocked) return {{check, Verdict::fail, report.reach_error, report.reach_remedy}};
  Findings findings = {judge_name(check, report)};
  auto add = [&](Findings more) { findings.insert(findings.end(), more.begin(), more.end()); };
  add(describe_policy(check, report));
  add(judge_proxy(check, report));
  if (findings.front().verdict == Verdict::fail) return findings;
  if (report.url.empty()) {
    add({{check, Verdict::fail, report.reach_error, remedy_of_reach(report)}});
    return findings;
  }
  add({judge_answer(check, report)});
  add(judge_clock(check, report));
  if (findings.back().verdict == Verdict::fail && report.status != 200 && report.status != 401)
    return findings;
  add({judge_login(check, report)});
  return findings;
}

Result<std::string> ask(const Context& context, const char* verb, const Reference& reference,
                        Reporter& reporter) {
  HelperCommand command{
      {"pyxis-ask", verb, reference.user, reference.canonical(), host_platform().text(), reference.registry},
      {}};
  return run_helper(command, *context.settings, reporter);
}

Result<RegistryReport> ask_registry(const Context& context, const Reference& reference, Reporter& reporter) {
  return RegistryReport::decode(TRY(ask(context, "registry", reference, reporter)));
}

}  // namespace

Findings check_registry(const Context& context, const std::string& registry) {
  auto check = printable(registry);
  if (!context.settings.ok())
    return {{check, Verdict::skip, "the settings cannot be read", "see the finding of settings"}};
  auto reference = parse_reference("docker://" + registry + "/doctor");
  if (!reference.ok() || reference->registry.empty())
    return {
        {check, Verdict::fail, "is no HOST[:PORT] of a registry", "run: pyxis doctor --registry nvcr.io"}};
  KeepsWarnings reporter;
  auto report = ask_registry(context, *reference, reporter);
  if (!report.ok()) return {{check, Verdict::fail, report.error().message, report.error().remedy}};
  auto findings = judge(check, *report);
  for (const auto& warning : reporter.warnings)
    findings.push_back(
        {check + ": credentials", Verdict::warn, warning, "run: chmod 600 FILE, the one named here"});
  return findings;
}

Findings check_registries_conf(const Context& context) {
  constexpr auto check = "registries.conf";
  if (!context.settings.ok())
    return {{check, Verdict::skip, "the settings cannot be read", "see the finding of settings"}};
  NobodyReports nobody;
  Reference anything;  // no registry is asked
  anything.registry = docker_hub;
  anything.repository = "library/doctor";
  anything.tag = "latest";
  auto rules = ask(context, "policy", anything, nobody);
  if (!rules.ok())
    return {{check, Verdict::fail, rules.error().message,
             rules.error().remedy.empty() ? "put right what is named there" : rules.error().remedy}};
  return {{check, Verdict::pass,
           *rules == "0" ? "none: registries are where names say" : "understood; rules: " + *rules, ""}};
}

}  // namespace pyxis::doctor
