#include <fcntl.h>
#include <signal.h>

#include "base/log.h"
#include "engine/shared_store.h"
#include "engine/start.h"
#include "engine/step.h"
#include "engine/step_answer.h"

namespace pyxis {
namespace {

int answer_success(int socket, const JoinedContainer& running) {
  Event event;
  event.kind = Event::Kind::started;
  event.started = running.started;
  event.started.namespaces.clear();  // a joined container's answer has its own list
  std::vector<int> descriptors;
  for (const auto& [kind, fd] : running.namespaces) {
    event.started.namespaces.push_back(kind);
    descriptors.push_back(fd.get());
  }
  auto sent = send_message(socket, event.encode(), descriptors);
  if (!sent.ok()) log::error("answer to the plugin: " + sent.error().text());
  return sent.ok() ? 0 : 1;
}

std::shared_ptr<SharedStore> reach_shared_store() {
  if (::fcntl(contract_storage_fd, F_GETFD) < 0) return nullptr;
  return SharedStore::connect(Fd(contract_storage_fd));
}

}  // namespace

int step_start(const Environment& environment) {
  Fd socket(contract_socket_fd), leash(contract_leash_fd), farewell(contract_answer_fd);
  auto request = receive_start_request(socket.get());
  // First: it makes the directory that the settings then take for the user's store.
  auto shared_store = reach_shared_store();
  auto settings = load_settings(environment);
  if (!request.ok() || !settings.ok()) {
    answer_failure(socket.get(), Phase::request, request.ok() ? settings.error() : request.error());
    return 1;
  }
  settings->shared_store = shared_store;
  if (!request->runtime_dir.empty()) settings->runtime_path = request->runtime_dir;
  EventReporter reporter(socket.get());
  Phase phase = Phase::request;
  StartOptions options;
  options.request = std::move(*request);
  options.farewell = std::move(farewell);
  options.not_kept = {contract_socket_fd};
  if (shared_store) options.not_kept.push_back(shared_store->socket());
  auto running = start_container(std::move(options), *settings, std::move(leash), reporter, phase);
  if (running.ok()) return answer_success(socket.get(), *running);
  // As if by the signal that the import ended for: what a cancelled start is, the plugin knows.
  if (running.error().code == ECANCELED) return ::raise(SIGTERM);
  answer_failure(socket.get(), phase, running.error());
  return 1;
}

}  // namespace pyxis
