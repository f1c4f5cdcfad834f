// Slurm, and whether it loads the plugin as it is set up.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fs.h"
#include "base/text.h"
#include "doctor/checks.h"
#include "doctor/elf_symbol.h"
#include "doctor/plugstack.h"
#include "doctor/slurm_version.h"

namespace pyxis::doctor {
namespace {

struct Installed {
  std::string program;
  SlurmVersion version;
};

// slurmd says its version without looking at any configuration, and is what loads the plugin in steps. Login
// nodes have commands only. (srun would load the plugin.)
std::optional<Installed> find_slurm(const Context& given, const std::string& slurm_conf) {
  auto context = given;
  if (!slurm_conf.empty()) context.environment.set("SLURM_CONF", slurm_conf);
  constexpr std::array<std::pair<const char*, const char*>, 3> commands = {
      {{"slurmd", "-V"}, {"sinfo", "--version"}, {"scontrol", "--version"}}};
  for (const auto& [name, option] : commands) {
    auto program = find_program(context, name);
    if (program.empty()) continue;
    auto printed = output_of(context, {program, option});
    auto version = printed.ok() ? SlurmVersion::parse(*printed) : std::nullopt;
    if (version) return Installed{program, *version};
  }
  return std::nullopt;
}

const std::string line_to_add = "required " PYXIS_PLUGIN_FILE;

Finding no_line(const std::string& plugstack, const Plugstack& read) {
  constexpr auto check = "plugstack line";
  if (!read.unreadable.empty())
    return {check, Verdict::fail, read.unreadable.front(),
            "run: install -m 644 /dev/null " + plugstack + " && echo '" + line_to_add + "' >>" + plugstack +
                " && systemctl restart slurmd",
            ""};
  return {check, Verdict::fail, plugstack + ", with what it includes, does not name spank_pyxis.so",
          "run: echo '" + line_to_add + "' >>" + plugstack + " && systemctl restart slurmd", ""};
}

Findings check_lines(const std::vector<PlugstackLine>& lines) {
  constexpr auto check = "plugstack line";
  Findings findings;
  const auto& line = lines.front();
  if (!line.required)
    findings.push_back(
        {check, Verdict::fail,
         line.where() + " says optional: where a container cannot be started, its task runs outside",
         "run: sed -i '" + std::to_string(line.number) + "s/optional/required/' " + line.file});
  else
    findings.push_back({check, Verdict::pass, line.where() + ": required " + line.plugin, ""});
  for (size_t i = 1; i < lines.size(); ++i)
    findings.push_back({check, Verdict::warn, lines[i].where() + " names the plugin again",
                        "run: sed -i '" + std::to_string(lines[i].number) + "s/^/#/' " + lines[i].file});
  return findings;
}

Finding check_words(const PlugstackLine& line, const Result<spank::Config>& config) {
  constexpr auto check = "plugstack options";
  if (!config.ok())
    return {check, Verdict::fail, line.where() + ": " + config.error().text(),
            "run: sed -n " + std::to_string(line.number) + "p " + line.file +
                ", and put it right: docs/admin.md, \"plugstack options\"",
            ""};
  return {check, Verdict::pass, line.words.empty() ? "none: the defaults" : printable(join(line.words, " ")),
          "", ""};
}

constexpr auto build_again =
    "run: make && sudo make install (on a node with this Slurm's spank.h), and systemctl "
    "restart slurmd";

Finding check_release(const std::string& path, const std::string& object,
                      const std::optional<Installed>& slurm) {
  constexpr auto check = "plugin's release";
  auto number = exported_number(object, "plugin_version");
  if (!number.ok()) return {check, Verdict::fail, path + ": " + number.error().message, build_again, ""};
  auto version = SlurmVersion::of_number(*number);
  if (!slurm)
    return {check, Verdict::skip, "built for Slurm " + version.text() + "; no program says which one is here",
            "", ""};
  if (!slurm->version.loads(version))
    return {check, Verdict::fail,
            path + " was built for Slurm " + version.text() + ", and " + slurm->program + " is " +
                slurm->version.text() + ": Slurm refuses it",
            build_again, ""};
  return {check, Verdict::pass, "built for Slurm " + version.text(), "", ""};
}

Findings check_plugin(const Context& context, const PlugstackLine& line, const std::string& path,
                      const std::optional<Installed>& slurm) {
  constexpr auto check = "plugin";
  if (path.empty())
    return {{check, Verdict::warn,
             line.where() + ": " + line.plugin +
                 " is looked for in PluginDir, and not found "
                 "where that usually is",
             "run: scontrol show config | grep PluginDir, and write the whole path into " + line.file}};
  auto object = read_file(context.path(path));
  if (!object.ok())
    return {{check, Verdict::fail,
             line.where() + " names a plugin that is not there: " + object.error().message,
             "run: make install, or: sed -i '" + std::to_string(line.number) + "s|" + line.plugin +
                 "|" PYXIS_PLUGIN_FILE "|' " + line.file}};
  Findings findings;
  auto problem = changeable_by_others(context.path(path));  // where links on the way are
  if (!problem) problem = changeable_by_others(plain_path(context.path(path)));
  if (problem)
    findings.push_back(
        {check, Verdict::fail, problem->text() + ", and root loads it", keep_for_root(*problem)});
  else
    findings.push_back({check, Verdict::pass, path, ""});
  findings.push_back(check_release(path, *object, slurm));
  return findings;
}

Finding check_engine(const spank::Config& config) {
  constexpr auto check = "engine";
  bool enroot = config.engine == spank::EngineKind::enroot;
  auto path = enroot ? config.enroot_path : config.pyxis_path;
  if (path.empty()) return {check, Verdict::pass, "enroot, as found in the usual directories", "", ""};
  if (::access(path.c_str(), X_OK) != 0)
    return {check, Verdict::fail, "the plugin would start " + path + ": " + sys_error("it").message.substr(4),
            enroot ? "run: command -v enroot, and set enroot_path in plugstack.conf"
                   : "run: make install, or set pyxis_path in plugstack.conf",
            ""};
  return {check, Verdict::pass, path, "", ""};
}

}  // namespace

Findings check_slurm(const Context& context) {
  auto slurm_conf = find_slurm_conf(context);
  auto slurm = find_slurm(context, slurm_conf);
  if (!slurm && slurm_conf.empty())
    return {{"Slurm", Verdict::warn, "is not on this node: containers start by hand only",
             "run: apt-get install slurmd (or dnf install slurm-slurmd)"}};
  Findings findings;
  if (slurm)
    findings.push_back({"Slurm", Verdict::pass, slurm->program + " " + slurm->version.text(), ""});
  else
    findings.push_back({"Slurm", Verdict::warn, "neither slurmd nor sinfo says its version",
                        "run: slurmd -V (what it says instead)"});
  if (slurm_conf.empty()) {
    findings.push_back({"plugstack line", Verdict::warn, "slurm.conf is not where it usually is",
                        "run: SLURM_CONF=/path/to/slurm.conf pyxis doctor"});
    return findings;
  }
  auto path = plugstack_path(context, slurm_conf);
  auto plugstack = read_plugstack(context, path);
  if (plugstack.lines.empty()) {
    findings.push_back(no_line(path, plugstack));
    return findings;
  }
  auto add = [&](Findings more) { std::ranges::move(more, std::back_inserter(findings)); };
  const auto& line = plugstack.lines.front();
  auto config = spank::parse_config(line.words);
  add(check_lines(plugstack.lines));
  add({check_words(line, config)});
  add(check_plugin(
      context, line,
      line.plugin.starts_with('/') ? line.plugin : plugin_in_plugin_dir(context, slurm_conf, line.plugin),
      slurm));
  if (config.ok()) add({check_engine(*config)});
  return findings;
}

}  // namespace pyxis::doctor
