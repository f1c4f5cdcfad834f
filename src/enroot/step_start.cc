#include <signal.h>

#include "base/log.h"
#include "enroot/start.h"

namespace pyxis::enroot {
namespace {

void answer_failure(int socket, Phase phase, const Error& error) {
  Event event;
  event.kind = Event::Kind::failed;
  event.phase = phase;
  event.text = error.text();
  if (!send_message(socket, event.encode()).ok()) log::error(error.text());
}

int answer_success(int socket, const Joined& joined) {
  std::vector<int> descriptors;
  auto body = encode_started(joined, descriptors);
  auto sent = send_message(socket, body, descriptors);
  if (!sent.ok()) log::error("answer to the plugin: " + sent.error().text());
  return sent.ok() ? 0 : 1;
}

Result<StartRequest> receive_request(int socket) {
  auto message = TRY(receive_message(socket));
  return StartRequest::decode(message.body);
}

}  // namespace

int step_start(const Options& options, const Environment& environment) {
  Fd socket(contract_socket_fd);
  Ends ends{Fd(contract_leash_fd), Fd(contract_answer_fd)};
  auto request = receive_request(socket.get());
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
