#include "manual/completion.h"

#include "base/text.h"

namespace pyxis::manual {
namespace {

std::string names_of(const std::vector<DescribedOption>& options, bool with_argument_only = false) {
  std::vector<std::string> names;
  for (const auto& option : options)
    if (!with_argument_only || !option.argument.empty())
      names.insert(names.end(), option.names.begin(), option.names.end());
  return join(names, " ");
}

std::string names_of(const std::vector<DescribedCommand>& commands) {
  std::vector<std::string> names;
  for (const auto& command : commands) names.push_back(command.name);
  return join(names, " ");
}

// Of the kinds of arguments, containers are the one that the program can list at once.
bool takes_container(const DescribedCommand& command) {
  return !command.positionals.empty() && command.positionals[0].argument.find("NAME") != std::string::npos;
}

std::string one_line(std::string text, std::string_view dangerous) {
  for (char& c : text)
    if (c == '\n' || dangerous.find(c) != dangerous.npos) c = ' ';
  return text;
}

// _arguments takes "(exclusive)"{-a,--all}"[help]:message:action".
std::string zsh_option(const DescribedOption& option) {
  std::string out;
  for (const auto& name : option.names) {
    auto argument = option.argument.empty() ? "" : ":" + one_line(option.argument, ":'[]") + ":_files";
    out += " \\\n        '*" + name + "[" + one_line(option.help, "'[]:") + "]" + argument + "'";
  }
  return out;
}

}  // namespace

std::string bash_completion(const DescribedCommand& program, const std::vector<DescribedCommand>& commands) {
  std::string cases;
  for (const auto& command : commands) {
    cases += "        " + command.name + ") options='" + names_of(command.options) + "' arguments='" +
             names_of(command.options, true) + "'" +
             (takes_container(command) ? " words=$(pyxis list 2>/dev/null)"
              : command.name == "help" ? " words='" + names_of(commands) + "'"
                                       : "") +
             " ;;\n";
  }
  return "# Completion of pyxis in bash: made from its own help.\n"
         "_pyxis() {\n"
         "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "    local options='" +
         names_of(program.options) +
         "' arguments='' words=''\n"
         "    COMPREPLY=()\n"
         "    if ((COMP_CWORD == 1)); then\n"
         "        words='" +
         names_of(commands) +
         "'\n"
         "    else\n"
         "        case ${COMP_WORDS[1]} in\n" +
         cases +
         "        esac\n"
         "    fi\n"
         "    if [[ \" $arguments \" == *\" $previous \"* ]]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "    elif [[ $current == -* ]]; then\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
         "    else\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "        ((COMP_CWORD == 1)) || mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -f -- "
         "\"$current\")\n"
         "    fi\n"
         "}\n"
         "complete -o filenames -F _pyxis pyxis\n";
}

std::string zsh_completion(const DescribedCommand& program, const std::vector<DescribedCommand>& commands) {
  std::string list, cases;
  for (const auto& command : commands) {
    list += "    '" + command.name + ":" + one_line(command.summary, "':") + "'\n";
    cases += "    " + command.name + ")\n        _arguments -S";
    for (const auto& option : command.options) cases += zsh_option(option);
    if (takes_container(command))
      cases += " \\\n        '1:container:{compadd -- ${(f)\"$(pyxis list 2>/dev/null)\"}; _files}'";
    cases += " \\\n        '*:argument:_files' ;;\n";
  }
  std::string own;
  for (const auto& option : program.options) own += zsh_option(option);
  return "#compdef pyxis\n"
         "# Completion of pyxis in zsh: made from its own help.\n"
         "local -a commands=(\n" +
         list +
         ")\n"
         "if ((CURRENT == 2)); then\n"
         "    [[ $words[CURRENT] == -* ]] || { _describe command commands && return }\n"
         "    _arguments" +
         own +
         "\n"
         "    return\n"
         "fi\n"
         "local command=$words[2]\n"
         "shift words\n"
         "((CURRENT--))\n"
         "case $command in\n" +
         cases + "esac\n";
}

}  // namespace pyxis::manual
