#include "spank/environment_reader.h"

#include <sys/wait.h>

#include <csignal>

#include "base/program_output.h"
#include "base/text.h"

namespace pyxis::spank {
namespace {

// The user's own environment is what he would run `pyxis edf` with. Nobody else is asked and nothing is
// waited for but his file.
Result<ProgramOutput> ask_engine(const Config& config, const std::string& argument,
                                 const std::vector<std::string>& environment) {
  SpawnRequest request;
  request.program = config.pyxis_path;
  request.arguments = {"pyxis", "step", "environment", argument};
  request.environment = environment;
  request.close_others = true;
  request.parent_death_signal = SIGTERM;
  return output_of(std::move(request), 1u << 20);
}

}  // namespace

Result<EnvironmentFile> read_environment(const Config& config, const std::string& argument,
                                         const std::vector<std::string>& environment) {
  auto option = "--environment=" + printable(argument);
  auto answer = ask_engine(config, argument, environment);
  if (!answer.ok())
    return std::move(answer)
        .error()
        .context(option + ": the engine reads such files, and it cannot be run here")
        .with_remedy(
            "this host needs the program pyxis, too: ask the administrator to install it, or to say by " +
            std::string("pyxis_path in plugstack.conf where it is"));
  auto said = std::string(trim(answer->text));
  if (WIFEXITED(answer->status) && WEXITSTATUS(answer->status) == 0)
    return TRY_CONTEXT(EnvironmentFile::decode(answer->text), option + ": answer of " + config.pyxis_path);
  if (said.empty())
    return fail(option + ": " + config.pyxis_path + " " + describe_wait_status(answer->status));
  return fail(option + (said.find('\n') == said.npos ? ": " : ":\n") + said);
}

}  // namespace pyxis::spank
