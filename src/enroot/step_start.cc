#include <signal.h>

#include "base/log.h"
#include "engine/step_answer.h"
#include "enroot/start.h"

namespace pyxis::enroot {
namespace {

int answer_success(int socket, const Joined& joined) {
  std::vector<int> descriptors;
  auto body = encode_started(joined, descriptors);
  auto sent = send_message(socket, body, descriptors);
  if (!sent.ok()) log::error("answer to the plugin: " + sent.error().text());
  return sent.ok() ? 0 : 1;
}

}  // namespace

int step_start(const Options& options, const Environment& environment) {
  Fd socket(contract_socket_fd);
  Ends ends{Fd(contract_leash_fd), Fd(contract_answer_fd)};
  auto request = receive_start_request(socket.get());
  if (!request.ok()) return answer_failure(socket.get(), Phase::request, request.error()), 1;
  EventReporter reporter(socket.get());
  Phase phase = Phase::request;
  auto joined = start_container(*request, options, environment, std::move(ends), reporter, phase);
  if (joined.ok()) return answer_success(socket.get(), *joined);
  // As if by the signal: what a cancelled start is, the plugin knows.
  if (joined.error().code == ECANCELED) return ::raise(SIGTERM);
  answer_failure(socket.get(), phase, joined.error());
  return 1;
}

}  // namespace pyxis::enroot
