// The parts of Pyxis itself, and its configuration.
#include <sys/stat.h>

#include "base/text.h"
#include "doctor/checks.h"
#include "engine/installation.h"

namespace pyxis::doctor {
namespace {

// Root runs it: who can change it is root.
Finding check_storage_program(const std::string& path) {
  constexpr auto check = "pyxis-storage";
  if (auto problem = changeable_by_others(path))
    return {check, Verdict::fail, problem->text() + ", and root runs what is there", keep_for_root(*problem),
            ""};
  struct stat info;
  bool lends = ::stat(path.c_str(), &info) == 0 && (info.st_mode & S_ISUID) != 0;
  return {check, Verdict::pass,
          path + (lends ? ", setuid root: users start containers on the node's store by hand, too" : ""), "",
          ""};
}

}  // namespace

Findings check_settings(const Context& context) {
  constexpr auto check = "settings";
  if (!context.settings.ok()) {
    const auto& error = context.settings.error();
    auto where = error.message.substr(0, error.message.find(": "));
    auto colon = where.rfind(':');
    if (where.starts_with('/') && colon != where.npos)
      return {{check, Verdict::fail, error.text(),
               "run: sed -i '" + where.substr(colon + 1) + "s/^/#/' " + where.substr(0, colon) +
                   " (or put the line right)"}};
    return {{check, Verdict::fail, error.message,
             "run: " + (error.remedy.empty() ? "pyxis info, once it is put right" : error.remedy)}};
  }
  Findings findings;
  for (const auto& typo : context.settings->likely_typos)
    findings.push_back({check, Verdict::warn, typo + "; it changes nothing", "put the name right there"});
  if (findings.empty())
    findings.push_back({check, Verdict::pass,
                        context.settings->sysconf_path + "/enroot.conf and enroot.conf.d are understood",
                        ""});
  return findings;
}

Findings check_programs(const Context&) {
  constexpr auto check = "programs";
  Findings findings;
  std::vector<std::string> missing;
  for (const char* name : {"pyxis-handover", "pyxis-ask", "pyxis-import", "pyxis-squash", "pyxis-storage",
                           "pyxis-unpack", "pyxis-vouch"})
    if (!installed_part(name).ok()) missing.emplace_back(name);
  if (missing.empty())
    findings.push_back({check, Verdict::pass, "release " PYXIS_VERSION ", complete", ""});
  else
    findings.push_back(
        {check, Verdict::fail, "not installed: " + join(missing, ", "), "run: sudo make install"});
  if (auto storage = installed_part("pyxis-storage"); storage.ok())
    findings.push_back(check_storage_program(plain_path(*storage)));
  return findings;
}

}  // namespace pyxis::doctor
