#include "engine/device_hooks.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "engine/private_directory.h"
#include "hooks/program.h"
#include "image/json_fields.h"

namespace pyxis {
namespace {

constexpr auto oci_version = "1.0.2";

// As the /proc that hooks see has it, also where the container has process numbers of its own.
std::string own_process() {
  auto self = read_link("/proc/self");
  return self.ok() ? *self : std::to_string(::getpid());
}

std::string state(const DevicePlan& plan, const HookedRoot& root, const char* status) {
  json::Value state = {{"ociVersion", oci_version}, {"id", root.container},
                       {"status", status},          {"pid", std::stol(own_process())},
                       {"bundle", plan.directory},  {"annotations", json::Value::object()}};
  return state.dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

std::string bundle_config(const HookedRoot& root) {
  json::Value config = {
      {"ociVersion", oci_version},
      {"root", {{"path", root.rootfs}, {"readonly", !root.writable}}},
      {"process",
       {{"cwd", "/"}, {"args", json::Value::array()}, {"user", {{"uid", ::getuid()}, {"gid", ::getgid()}}}}},
      {"mounts", json::Value::array()},
      {"linux", json::Value::object()}};
  return config.dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

Result<void> run(const cdi::Hook& hook, const std::string& input) {
  ProgramCall call{"hook " + cdi::stage_name(hook.stage) + " " + hook.path,
                   hook.path.substr(hook.path.rfind('/') + 1),
                   hook.path,
                   hook.arguments,
                   input,
                   hook.limit};
  TRY_CONTEXT(run_program(call, hook.environment), hook.origin);
  return ok();
}

Result<void> run_stage(const DevicePlan& plan, cdi::HookStage stage, const std::string& input) {
  for (const auto& hook : plan.edits.hooks)
    if (hook.stage == stage) TRY(run(hook, input));
  return ok();
}

bool is_inside(const cdi::Hook& hook) {
  return hook.stage == cdi::HookStage::start_container;
}

}  // namespace

Result<void> run_device_hooks(const DevicePlan& plan, const HookedRoot& root) {
  if (std::ranges::all_of(plan.edits.hooks, is_inside)) return ok();
  auto directory = TRY(PrivateDirectory::mount_on(plan.directory));
  TRY(write_file(AT_FDCWD, plan.directory + "/config.json", bundle_config(root)));
  auto input = state(plan, root, "creating");
  for (auto stage :
       {cdi::HookStage::prestart, cdi::HookStage::create_runtime, cdi::HookStage::create_container})
    TRY(run_stage(plan, stage, input));
  return ok();
}

Result<void> run_start_hooks(const DevicePlan& plan, const HookedRoot& root) {
  if (std::ranges::none_of(plan.edits.hooks, is_inside)) return ok();
  return run_stage(plan, cdi::HookStage::start_container, state(plan, root, "created"));
}

}  // namespace pyxis
