// An engine program for the tests of the plugin's side of the contract: what it does is written in the
// image's or the container's name.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "contract/answer.h"
#include "contract/step.h"

namespace {

using namespace pyxis;

void answer(Event event) {
  (void)send_message(contract_socket_fd, event.encode());
}

bool descriptors_are_as_promised() {
  struct stat info;
  for (int fd = contract_answer_fd + 1; fd < 64; ++fd)
    if (::fstat(fd, &info) == 0) return false;
  struct stat out, err;
  return ::fstat(contract_leash_fd, &info) == 0 && S_ISSOCK(info.st_mode) && ::fstat(1, &out) == 0 &&
         ::fstat(2, &err) == 0 && out.st_ino == err.st_ino;
}

int start(const std::string& options) {
  auto request = StartRequest::decode(receive_message(contract_socket_fd)->body);
  if (!request.ok()) return 9;
  const auto& image = request->image;
  if (image == "die") return 3;
  if (image == "crash") ::kill(::getpid(), SIGKILL);
  if (image == "interrupted") ::kill(::getpid(), SIGINT);
  if (image == "nonsense") return send_message(contract_socket_fd, "nonsense").ok() ? 0 : 1;
  if (image == "report") {
    Event event{Event::Kind::started, ""};
    char directory[64] = "";
    event.started.workdir = ::getcwd(directory, sizeof directory) ? directory : "?";
    event.started.env = {"DESCRIPTORS=" + std::string(descriptors_are_as_promised() ? "good" : "bad")};
    if (!options.empty()) event.started.env.push_back("OPTIONS=" + options);
    for (char** line = environ; *line; ++line) event.started.env.emplace_back(*line);
    answer(event);
    return 0;
  }
  if (image == "argument") {
    answer({Event::Kind::failed, "--container-mounts: no", Phase::argument});
    return 1;
  }
  answer({Event::Kind::importing, image});
  answer({Event::Kind::failed, "no such image", Phase::import});
  return 1;
}

int finish() {
  auto request = FinishRequest::decode(receive_message(contract_socket_fd)->body);
  if (!request.ok()) return 9;
  if (request->container == "die") return 3;
  if (request->container == "crash") ::kill(::getpid(), SIGKILL);
  write_answer(contract_answer_fd, request->container == "fail" ? Result<void>(fail("still busy")) : ok());
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3 || std::strcmp(words[1], "step") != 0) return 8;
  std::string options;
  for (int i = 3; i < count; ++i) options += words[i] + std::string(" ");
  return std::strcmp(words[2], "start") == 0 ? start(options) : finish();
}
