#include <sys/socket.h>

#include "base/log.h"
#include "engine/running.h"
#include "engine/settings.h"
#include "engine/step.h"
#include "engine/user_store.h"
#include "store/containers.h"

namespace pyxis {
namespace {

// Asks the supervisor that made the container to end, and waits until it has cleared up (or has died).
Result<void> end_supervisor(const std::string& runtime_path, const FinishRequest& request) {
  auto directory = TRY(RunningDirectory::open(runtime_path, request.container));
  TRY(directory.visit([&](int connection) {
    timeval none{};  // removing a large container takes its time
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
    if (send_message(connection, request.encode()).ok()) (void)receive_message(connection);
    return false;
  }));
  return ok();
}

Result<void> finish(const FinishRequest& request, const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  if (!request.runtime_dir.empty()) settings.runtime_path = request.runtime_dir;
  auto store = TRY(open_user_store(settings));
  if (request.temporary) {
    TRY(end_supervisor(settings.runtime_path, request));
    auto name_lock = TRY(lock_container_name(store, request.container));
    auto removed = remove_container(store, request.container);
    if (!removed.ok() && removed.error().code != EBUSY) return removed;  // EBUSY: another step joined it
  }
  TRY(store.sweep_staging());
  return sweep_containers(store);
}

}  // namespace

int step_finish(const Environment& environment) {
  Fd socket(contract_socket_fd);
  auto work = [&]() -> Result<void> {
    auto message = TRY(receive_message(socket.get()));
    return finish(TRY(FinishRequest::decode(message.body)), environment);
  };
  auto finished = work();
  Event event;
  event.kind = finished.ok() ? Event::Kind::finished : Event::Kind::failed;
  event.phase = Phase::remove;
  if (!finished.ok()) event.text = finished.error().text();
  auto sent = send_message(socket.get(), event.encode());
  if (!sent.ok() && !finished.ok()) log::error(finished.error().text());
  return finished.ok() ? 0 : 1;
}

}  // namespace pyxis
