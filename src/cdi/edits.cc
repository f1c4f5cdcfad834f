#include "cdi/edits.h"

#include <algorithm>

namespace pyxis::cdi {
namespace {

template <class T>
void add_new(std::vector<T>& to, const std::vector<T>& from) {
  for (const auto& one : from)
    if (std::ranges::find(to, one) == to.end()) to.push_back(one);
}

}  // namespace

std::string stage_name(HookStage stage) {
  switch (stage) {
    case HookStage::prestart:
      return "prestart";
    case HookStage::create_runtime:
      return "createRuntime";
    case HookStage::create_container:
      return "createContainer";
    case HookStage::start_container:
      return "startContainer";
  }
  return "";
}

bool Edits::empty() const {
  return environment.empty() && nodes.empty() && mounts.empty() && hooks.empty() && groups.empty() &&
         impossible.empty();
}

void Edits::add(const Edits& later) {
  for (const auto& line : later.environment) {
    auto name = line.substr(0, line.find('=') + 1);
    std::erase_if(environment, [&](const auto& known) { return known.starts_with(name); });
    environment.push_back(line);
  }
  for (const auto& node : later.nodes) {
    std::erase_if(nodes, [&](const auto& known) { return known.path == node.path; });
    nodes.push_back(node);
  }
  add_new(mounts, later.mounts);
  add_new(hooks, later.hooks);
  add_new(groups, later.groups);
  add_new(impossible, later.impossible);
}

}  // namespace pyxis::cdi
