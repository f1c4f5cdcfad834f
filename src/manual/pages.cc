#include "manual/pages.h"

#include <cctype>

#include "base/text.h"
#include "engine/setting_rows.h"
#include "manual/roff.h"
#include "manual/tables.h"
#include "spank/config.h"
#include "spank/options.h"

namespace pyxis::manual {
namespace {

std::string heading(const std::string& name, const std::string& summary, const std::string& section = "1") {
  auto title = name;
  for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return ".TH " + roff_verbatim(title) + " " + section +
         " " PYXIS_DATE " \"Pyxis " PYXIS_VERSION "\" \"Pyxis\"\n.nh\n.SH NAME\n" + roff_verbatim(name) +
         " \\- " + roff(summary) + "\n";
}

std::string italic(const std::string& text) {
  return "\\fI" + roff_verbatim(text) + "\\fR";
}
std::string bold(const std::string& text) {
  return "\\fB" + roff_verbatim(text) + "\\fR";
}

std::string entry(const DescribedOption& option) {
  std::string tag;
  for (const auto& name : option.names) tag += (tag.empty() ? "" : ", ") + bold(name);
  if (!option.argument.empty()) tag += (tag.empty() ? "" : " ") + italic(option.argument);
  return ".TP\n" + tag + "\n" + roff(option.help) + "\n";
}

std::string entries(const std::string& section, const std::vector<DescribedOption>& options) {
  if (options.empty()) return "";
  std::string out = ".SH " + section + "\n";
  for (const auto& option : options) out += entry(option);
  return out;
}

std::string slurm_options() {
  std::string out =
      ".SH OPTIONS OF SRUN, SBATCH AND SALLOC\n"
      "Where the plugin is in Slurm's plugstack.conf.\n"
      "A variable named here is the option's default, in the environment of the command.\n";
  for (const auto& row : spank::option_rows()) {
    auto help = help_without_mark(row);
    if (row.environment) help += " (`" + std::string(row.environment) + "`)";
    auto name = "--" + std::string(row.name) + (row.argument ? "=" : "");
    out += ".TP\n" + bold(name) + (row.argument ? italic(row.argument) : "") + "\n" + roff(help) + "\n";
  }
  return out;
}

// An entry of "NAME=VALUES".
std::string assignment(std::string_view name, const char* values, std::string text,
                       std::string_view fallback) {
  if (!fallback.empty()) text += ". Default: `" + std::string(fallback) + "`";
  return ".TP\n" + bold(std::string(name)) + "=" + italic(values) + "\n" + roff(text) + "\n";
}

std::string see_also(const std::vector<std::string>& pages) {
  std::string out = ".SH SEE ALSO\n";
  for (size_t i = 0; i < pages.size(); ++i)
    out += ".BR " + roff_verbatim(pages[i]) + (i + 1 < pages.size() ? " ,\n" : "\n");
  return out;
}

}  // namespace

std::string program_page(const DescribedCommand& program, const std::vector<DescribedCommand>& commands) {
  auto text = program.summary;
  auto first = text.substr(0, text.find('\n'));
  while (first.ends_with('.')) first.pop_back();
  auto out = heading(program.name, first);
  out +=
      ".SH SYNOPSIS\n.B pyxis\n.I COMMAND\n.RI [ ARGUMENT ...]\n.PP\n.B srun\n.BI \\-\\-container\\-image= "
      "IMAGE\n.I COMMAND\n";
  out += ".SH DESCRIPTION\n" + roff_paragraphs(text);
  out += ".SH COMMANDS\n";
  std::vector<std::string> pages;
  for (const auto& command : commands) {
    out += ".TP\n" + bold(command.name) + "\n" + roff(command.summary) + ".\n";
    pages.push_back("pyxis-" + command.name + " (1)");
  }
  out += entries("OPTIONS", program.options);
  out += slurm_options();
  out += ".SH NOTES\n" + roff_paragraphs(program.explanation);
  for (const auto* page : {"pyxis.conf (5)", "pyxis-settings (5)", "srun (1)"}) pages.emplace_back(page);
  return out + see_also(pages);
}

std::string command_page(const DescribedCommand& command) {
  auto out = heading("pyxis-" + command.name, command.summary);
  out += ".SH SYNOPSIS\n" + bold("pyxis " + command.name) + " [" + italic("OPTION") + "...]";
  for (const auto& positional : command.positionals) out += " " + italic(positional.argument);
  if (command.takes_command_line) out += " [" + italic("COMMAND") + " [" + italic("ARGUMENT") + "...]]";
  out += "\n";
  out += entries("ARGUMENTS", command.positionals) + entries("OPTIONS", command.options);
  if (!command.explanation.empty()) out += ".SH NOTES\n" + roff_paragraphs(command.explanation);
  return out + see_also({"pyxis (1)"});
}

std::string config_page() {
  auto out = heading("pyxis.conf", "the plugin's line in Slurm's plugstack.conf", "5");
  out +=
      ".SH SYNOPSIS\n.B required " + roff_verbatim(PYXIS_PLUGIN_FILE) +
      "\n.RI [ KEY = VALUE ...]\n.SH DESCRIPTION\n" +
      roff_paragraphs(
          "One line makes Slurm load the plugin. The file that comes with Pyxis has it without any key; "
          "link or copy it into the directory that plugstack.conf includes:\n"
          "  include /etc/slurm/plugstack.conf.d/*.conf\n"
          "The line must say `required`: with `optional` Slurm would run a task uncontained when its "
          "container could not be started.\n\n"
          "An unknown key or a bad value is an error that names it. Booleans are `1 true yes y` and `0 false "
          "no n`. Slurm's processes read the file when they start: a change counts for the next step, one "
          "of `runtime_path` after a restart of slurmd. Keep it the same on login nodes and compute "
          "nodes.");
  out += ".SH KEYS\n";
  for (const auto& key : spank::config_keys())
    out += assignment(key.name, key.values, key.meaning, key.fallback);
  out += ".SH EXAMPLES\n" +
         roff_paragraphs(
             "Named containers go with their job, and every container has the GPUs of its step:\n"
             "  required " PYXIS_PLUGIN_FILE
             " container_scope=job devices=nvidia.com/gpu=slurm\n"
             "Whether Slurm takes the line as it is:\n"
             "  pyxis doctor");
  return out + see_also({"pyxis (1)", "pyxis-doctor (1)", "pyxis-settings (5)", "spank (8)"});
}

std::string settings_page() {
  auto out = heading("pyxis-settings", "settings of the engine: enroot.conf", "5");
  out +=
      ".SH SYNOPSIS\n.B /etc/enroot/enroot.conf\n.br\n.B /etc/enroot/enroot.conf.d/*.conf\n.SH "
      "DESCRIPTION\n" +
      roff_paragraphs(
          "A line is `NAME VALUE` or `NAME=VALUE`, with or without quotes; lines that begin with # are "
          "comments. `${NAME}` in a value is a variable of the environment, and `$(COMMAND)` what a command "
          "prints, both as the user has them. Of two lines the later one counts; of two files the one whose "
          "name comes later.\n\n"
          "On the command line the environment wins over the files. In steps, what the job has of these "
          "variables is ignored.\n\n"
          "`pyxis info` shows what is in force; `pyxis doctor` names a line that cannot be read, and a name "
          "that is nearly one of these. Other names that begin with ENROOT_ are for hooks of the site's.");
  out += ".SH SETTINGS\n";
  for (const auto& row : setting_rows()) out += assignment(row.name, row.values, row.meaning, row.fallback);
  out += ".SH EXAMPLES\n" + roff_paragraphs(
                                "Users' stores on a disk of the node's, and containers read-only:\n"
                                "  ENROOT_DATA_PATH /local/pyxis/$(id -u)\n"
                                "  ENROOT_ROOTFS_WRITABLE no");
  return out + see_also({"pyxis (1)", "pyxis-info (1)", "pyxis-doctor (1)", "pyxis.conf (5)"});
}

}  // namespace pyxis::manual
