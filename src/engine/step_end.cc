// `pyxis step save`: a container is written before its step ends. `pyxis step finish` and `pyxis step
// epilog`: what steps and jobs leave on a node goes.

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

#include "contract/answer.h"
#include "engine/external_importer.h"
#include "engine/image_file.h"
#include "engine/job_pins.h"
#include "engine/reporter.h"
#include "engine/running.h"
#include "engine/settings.h"
#include "engine/step.h"
#include "engine/store_notes.h"
#include "engine/user_store.h"
#include "store/containers.h"

namespace pyxis {
namespace {

// Asks the step's supervisor to end, and waits until it has cleared up (or has died).
Result<void> end_supervisor(const RunningDirectory& directory, const FinishRequest& request) {
  TRY(directory.visit([&](int connection) {
    timeval none{};  // removing a large container takes its time
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
    if (send_message(connection, request.encode()).ok()) (void)receive_message(connection);
    return false;
  }));
  return ok();
}

// A step's container is at rest afterwards, and gone if `remove` says so and no other step has joined it.
Result<void> end_container(const Store& store, const std::string& runtime_path, const FinishRequest& request,
                           bool remove) {
  auto directory = TRY(RunningDirectory::find(runtime_path, request.container));
  if (directory) TRY(end_supervisor(*directory, request));
  if (!remove) return ok();
  auto name_lock = TRY(lock_container_name(store, request.container));
  auto removed = remove_container(store, request.container);
  if (!removed.ok() && removed.error().code != EBUSY) return removed;
  if (directory) TRY(directory->remove_if_unused());
  discard_name_lock(store, request.container);
  return ok();
}

Result<void> save(const SaveRequest& request, const Settings& given) {
  auto settings = given;
  if (!request.runtime_dir.empty()) settings.runtime_path = request.runtime_dir;
  NobodyReports reporter;  // what concerns the options was said at the start
  auto store = TRY(open_user_store(settings));
  auto target = TRY(ImageFileTarget::open(request.path, true, settings, reporter));
  return export_container(store, settings, request.container, target, reporter);
}

Result<void> finish(const FinishRequest& request, const Settings& settings) {
  auto runtime_path = request.runtime_dir.empty() ? settings.runtime_path : request.runtime_dir;
  auto store = TRY(open_user_store(settings));
  TRY(end_container(store, runtime_path, request, request.temporary));
  if (!request.importer.empty())
    (void)ExternalImporter(request.importer, settings.environment.lines()).release();
  TRY(store.sweep_staging());
  return sweep_containers(store);
}

// What the job has left in one store.
Result<void> clean_store(const EpilogRequest& request, const Settings& settings,
                         const std::string& runtime_path) {
  auto store = TRY(open_user_store(settings));
  for (const auto& name : TRY(list_containers(store))) {
    if (!name.starts_with(request.name_prefix)) continue;
    auto record = read_container(store, name);
    if (!record.ok() || (request.temporary_only && !record->temporary)) continue;
    FinishRequest end;
    end.container = name;
    TRY(end_container(store, runtime_path, end, true));
  }
  TRY(store.sweep_staging());
  return sweep_containers(store);
}

// All its stores are visited, whatever is wrong with one of them.
Result<void> epilog(const EpilogRequest& request, const Settings& given) {
  auto settings = given;
  auto runtime_path = request.runtime_dir.empty() ? settings.runtime_path : request.runtime_dir;
  auto paths = TRY(noted_stores(runtime_path, request.job_id));
  // Notes do not outlive the machine.
  if (std::ranges::find(paths, given.data_path) == paths.end()) paths.push_back(given.data_path);
  Result<void> done = ok();
  for (const auto& path : paths) {
    struct stat there;
    if (::stat(path.c_str(), &there) != 0) continue;  // never made, or gone with the job
    settings.data_path = path;
    auto cleaned = clean_store(request, settings, runtime_path);
    if (!cleaned.ok()) done = std::move(cleaned).error().context(path);
  }
  if (done.ok()) forget_stores(runtime_path, request.job_id);
  forget_pins(runtime_path, request.job_id);
  return done;
}

template <class Request>
int answer(const Environment& environment, Result<void> (*act)(const Request&, const Settings&)) {
  Fd socket(contract_socket_fd), farewell(contract_answer_fd);
  auto work = [&]() -> Result<void> {
    auto message = TRY(receive_message(socket.get()));
    return act(TRY(Request::decode(message.body)), TRY(load_settings(environment)));
  };
  auto done = work();
  write_answer(farewell.get(), done);
  return done.ok() ? 0 : 1;
}

}  // namespace

int step_save(const Environment& environment) {
  return answer(environment, save);
}
int step_finish(const Environment& environment) {
  return answer(environment, finish);
}
int step_epilog(const Environment& environment) {
  return answer(environment, epilog);
}

}  // namespace pyxis
