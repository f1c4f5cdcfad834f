#include "spank/environment_reader.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"

namespace pyxis::spank {
namespace {

struct Answer {
  std::string text;
  int status = 0;  // as waitpid(2) tells it
};

// The user's own environment is what he would run `pyxis edf` with. Nobody else is asked and nothing is
// waited for but his file.
Result<Answer> ask_engine(const Config& config, const std::string& argument,
                          const std::vector<std::string>& environment) {
  auto pipe = TRY(make_pipe());
  auto null = TRY(open_path("/dev/null", O_RDONLY));
  SpawnRequest request;
  request.program = config.pyxis_path;
  request.arguments = {"pyxis", "step", "environment", argument};
  request.environment = environment;
  request.descriptors = {{null.get(), STDIN_FILENO}, {pipe.writer.get(), STDOUT_FILENO}};
  request.close_others = true;
  request.parent_death_signal = SIGTERM;
  auto engine = TRY(spawn(request));
  pipe.writer.reset();
  Answer answer;
  answer.text = TRY_CONTEXT(read_fd(pipe.reader.get(), 1u << 20), "answer of " + config.pyxis_path);
  answer.status = TRY(engine.wait());
  return answer;
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
