#include "spank/task_prolog.h"

#include <signal.h>

#include "base/fs.h"
#include "base/program_output.h"
#include "base/text.h"

namespace pyxis::spank {
namespace {

// The rest of a line behind a word, or nothing where it begins with another.
std::optional<std::string_view> behind(std::string_view line, std::string_view word) {
  if (!line.starts_with(word)) return std::nullopt;
  return line.substr(word.size());
}

Result<std::string> prolog_output(const std::string& program, std::vector<std::string> environment) {
  environment.emplace_back("SLURM_SCRIPT_CONTEXT=prolog_task");  // as Slurm has it
  SpawnRequest request;
  request.program = program;
  request.arguments = {program};
  request.environment = std::move(environment);
  request.close_others = true;
  request.parent_death_signal = SIGKILL;
  auto output = TRY(output_of(std::move(request), max_read_bytes));
  if (output.status != 0) return fail(describe_wait_status(output.status));
  return std::move(output.text);
}

}  // namespace

PrologWishes parse_prolog_output(std::string_view output) {
  PrologWishes wishes;
  for (const auto& line : split(output, '\n')) {
    if (auto text = behind(line, "print ")) wishes.printed += std::string(*text) + "\n";
    if (auto name = behind(line, "unset "); name && !trim(*name).empty())
      wishes.variables.emplace_back(trim(*name), std::nullopt);
    auto setting = behind(line, "export ");
    auto equals = setting ? setting->find('=') : line.npos;
    if (equals == line.npos) continue;
    auto name = trim(setting->substr(0, equals));
    auto value = setting->substr(equals + 1);
    if (!name.empty()) wishes.variables.emplace_back(name, value);
  }
  return wishes;
}

Result<PrologWishes> run_task_prolog(SlurmApi& api) {
  auto program = api.take_task_prolog();
  if (program.empty()) return PrologWishes();
  auto wishes =
      parse_prolog_output(TRY_CONTEXT(prolog_output(program, api.environment()), "TaskProlog " + program));
  (void)write_all(STDOUT_FILENO, wishes.printed);  // where nobody reads it any more, so be it
  apply_prolog_variables(api, wishes);
  return wishes;
}

void apply_prolog_variables(SlurmApi& api, const PrologWishes& wishes) {
  for (const auto& [name, value] : wishes.variables) {
    if (value)
      api.set_environment(name, *value);
    else
      api.unset_environment(name);
  }
}

}  // namespace pyxis::spank
