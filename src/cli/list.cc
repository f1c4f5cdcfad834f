#include <algorithm>
#include <iostream>

#include "base/table.h"
#include "base/text.h"
#include "cli/command.h"
#include "engine/processes.h"
#include "engine/settings.h"
#include "engine/user_store.h"

namespace pyxis::cli {
namespace {

// One line per process; further processes of one container have an empty name; a container at rest has only a
// name.
std::vector<TableRow> table(std::vector<std::string> names, const std::vector<ContainerProcess>& processes) {
  std::vector<TableRow> rows = {
      {"NAME", "PID", "COMM", "STATE", "STARTED", "TIME", "MNTNS", "USERNS", "COMMAND"}};
  for (const auto& process : processes)
    if (std::find(names.begin(), names.end(), process.container) == names.end())
      names.push_back(process.container);
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {
    bool first = true;
    for (const auto& process : processes) {
      if (process.container != name) continue;
      rows.push_back({first ? printable(name) : "", std::to_string(process.pid), printable(process.comm),
                      process.state, process.started, process.time, std::to_string(process.mount_namespace),
                      std::to_string(process.user_namespace), printable(process.command)});
      first = false;
    }
    if (first) rows.push_back({printable(name)});
  }
  return rows;
}

Result<int> list(bool fancy, const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto store = TRY(open_user_store(settings));
  auto names = TRY(list_containers(store));
  std::sort(names.begin(), names.end());
  if (fancy)
    std::cout << table_text(table(names, TRY(container_processes(settings))));
  else
    for (const auto& name : names) std::cout << printable(name) << "\n";
  return 0;
}

}  // namespace

Action add_list(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("list", "List containers");
  auto fancy = std::make_shared<bool>(false);
  command->add_flag("-f,--fancy", *fancy, "Show the processes that run in them, too");
  command->footer("Named containers of steps appear as pyxis_NAME.");
  return [fancy, &environment] { return list(*fancy, environment); };
}

}  // namespace pyxis::cli
