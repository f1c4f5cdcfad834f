// `step save`: a container is written before its step ends. `step finish` and `step epilog`: what steps and
// jobs leave on a node goes.
#include <algorithm>

#include "contract/answer.h"
#include "contract/step.h"
#include "engine/external_importer.h"
#include "engine/running.h"
#include "enroot/cleanup.h"
#include "enroot/command_line.h"
#include "enroot/joined.h"
#include "enroot/step.h"

namespace pyxis::enroot {
namespace {

// Sockets of supervisors that were killed.
Result<void> remove_dead_sockets(const std::string& runtime_dir, const std::string& container) {
  auto directory = TRY(RunningDirectory::find(supervisors_path(runtime_dir), container));
  if (!directory) return ok();
  TRY(directory->visit([](int) { return false; }));
  return directory->remove_if_unused();
}

Result<void> save(const SaveRequest& request, const Tool& tool) {
  TRY(tool.run(export_command(request.container, request.path)));
  return ok();
}

// The supervisor is dead, and the leader, whose connection it had, has gone with it unless other steps hold
// it.
Result<void> finish(const FinishRequest& request, const Tool& tool) {
  if (!request.importer.empty())
    (void)ExternalImporter(request.importer, tool.environment().lines()).release();
  auto notes = TRY(Notes::decide(request.runtime_dir, request.container));
  if (!TRY(notes.sole_user(Fd()))) return notes.decided();
  TRY(remove_dead_sockets(request.runtime_dir, request.container));
  return clear_container(tool, notes, request.container, request.temporary && notes.made());
}

// Unnamed containers have the number of their step after the prefix.
bool of_job(const std::string& container, const EpilogRequest& request) {
  if (!container.starts_with(request.name_prefix)) return false;
  return !request.temporary_only ||
         container.find_first_not_of("0123456789", request.name_prefix.size()) == container.npos;
}

Result<void> epilog(const EpilogRequest& request, const Tool& tool) {
  const auto listed = listed_names(TRY(tool.run(list_command())));
  auto containers = listed;
  for (auto& noted : TRY(noted_containers(request.runtime_dir)))
    if (std::ranges::find(containers, noted) == containers.end()) containers.push_back(std::move(noted));
  for (const auto& container : containers) {
    if (!of_job(container, request)) continue;
    auto notes = TRY(Notes::decide(request.runtime_dir, container));
    TRY(remove_dead_sockets(request.runtime_dir, container));
    bool there = std::ranges::find(listed, container) != listed.end();
    TRY(clear_container(tool, notes, container, there || notes.made()));
  }
  return sweep(tool, request.runtime_dir);
}

template <class Request>
int answer(const Options& options, const Environment& environment,
           Result<void> (*act)(const Request&, const Tool&)) {
  Fd socket(contract_socket_fd), farewell(contract_answer_fd);
  auto work = [&]() -> Result<void> {
    auto message = TRY(receive_message(socket.get()));
    auto request = TRY(Request::decode(message.body));
    return act(request, TRY(Tool::find(options.path, tool_environment(environment, {}))));
  };
  auto done = work();
  write_answer(farewell.get(), done);
  return done.ok() ? 0 : 1;
}

}  // namespace

int step_save(const Options& options, const Environment& environment) {
  return answer(options, environment, save);
}
int step_finish(const Options& options, const Environment& environment) {
  return answer(options, environment, finish);
}
int step_epilog(const Options& options, const Environment& environment) {
  return answer(options, environment, epilog);
}

}  // namespace pyxis::enroot
