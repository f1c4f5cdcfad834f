#include "engine/container_hooks.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/fs.h"
#include "base/text.h"
#include "engine/builtin_hook.h"
#include "engine/installation.h"
#include "engine/private_directory.h"
#include "engine/runtime_directory.h"
#include "engine/setting_rows.h"
#include "hooks/program.h"
#include "squash/compression_options.h"

namespace pyxis {
namespace {

constexpr auto enroot_library_path = "/usr/lib/enroot";

void set_flag(Environment& environment, std::string_view name, bool on) {
  if (on)
    environment.set(name, "y");
  else
    environment.unset(name);
}

// Values are taken as they are: whoever wrote them could expand them himself.
Result<Environment> parse_variables(const std::string& text, const std::string& origin) {
  int number = 0;
  Environment variables;
  for (const auto& raw : split(text, '\n')) {
    ++number;
    auto line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    if (line.find('=') == line.npos || line.front() == '=')
      return fail(origin + " line " + std::to_string(number) + ": '" + printable(line) +
                  "' is not of the form NAME=VALUE");
    variables.merge({raw});
  }
  return variables;
}

// The file with the container's variables, a line each. One whose value has several lines does not fit and
// stays as it is.
class EnvironmentFile {
 public:
  EnvironmentFile(std::string path, Environment& container) : path_(std::move(path)), container_(container) {}

  const std::string& path() const { return path_; }

  // Where others than programs have changed the variables since.
  Result<void> write() {
    if (written_ && *written_ == container_.values()) return ok();
    text_.clear();
    for (const auto& line : container_.lines())
      if (line.find('\n') == line.npos) text_ += line + "\n";
    written_ = container_.values();
    return write_file(AT_FDCWD, path_, text_, 0600);
  }

  Result<void> take() {
    auto now = TRY(read_file(path_));
    if (now == text_) return ok();
    auto after = TRY(parse_variables(now, "ENROOT_ENVIRON"));
    for (const auto& [name, value] : container_.values())
      if (value.find('\n') != value.npos && !after.has(name)) after.set(name, value);
    container_ = std::move(after);
    text_ = std::move(now);
    written_ = container_.values();
    return ok();
  }

 private:
  std::string path_, text_;
  Environment& container_;
  std::optional<std::map<std::string, std::string, std::less<>>> written_;
};

Result<std::vector<MountEntry>> read_mounts(const std::string& path, const Environment& environment) {
  return parse_fstab(TRY(read_file(path)), environment, "ENROOT_MOUNTS");
}

std::string library_path(const Environment& environment, const std::string& ours) {
  bool enroot_present = ::access((std::string(enroot_library_path) + "/common.sh").c_str(), R_OK) == 0;
  return environment.get_or("ENROOT_LIBRARY_PATH", enroot_present ? enroot_library_path : ours);
}

// Those that have a default, as they are in force: to a hook with `set -u`, one that is not set is an error.
void set_values(Environment& environment, const Settings& settings) {
  environment.set("ENROOT_CACHE_PATH",
                  settings.cache_path.empty() ? settings.data_path : settings.cache_path);
  if (environment.get_or("ENROOT_SQUASH_OPTIONS", "").empty())
    environment.set("ENROOT_SQUASH_OPTIONS", std::string(default_squash_options));
  for (const auto& [name, value] :
       {std::pair<const char*, int64_t>{"ENROOT_MAX_PROCESSORS", settings.max_processors},
        {"ENROOT_MAX_CONNECTIONS", settings.max_connections},
        {"ENROOT_CONNECT_TIMEOUT", settings.connect_timeout.count()},
        {"ENROOT_TRANSFER_TIMEOUT", settings.transfer_timeout.count()},
        {"ENROOT_TRANSFER_RETRIES", settings.transfer_retries}})
    environment.set(name, std::to_string(value));
}

Result<Environment> hook_environment(const Settings& settings, const HookSettings& of_start) {
  auto ours = TRY(installed_part("pyxis-hooks"));
  auto environment = settings.environment;
  environment.set("PATH", ours + ":" + environment.get_or("PATH", standard_path));
  environment.set("ENROOT_LIBRARY_PATH", library_path(environment, ours));
  environment.set("ENROOT_SYSCONF_PATH", settings.sysconf_path);
  environment.set("ENROOT_CONFIG_PATH", settings.config_path);
  environment.set("ENROOT_DATA_PATH", settings.data_path);
  environment.set("ENROOT_RUNTIME_PATH", settings.runtime_path);
  environment.set("ENROOT_TEMP_PATH", settings.temp_path);
  set_values(environment, settings);
  for (const auto& row : setting_rows())
    if (row.is_flag())
      set_flag(environment, row.name, parse_bool(environment.get_or(row.name, row.fallback)).value_or(true));
  set_flag(environment, "ENROOT_REMAP_ROOT", of_start.remap_root);
  set_flag(environment, "ENROOT_ROOTFS_WRITABLE", of_start.writable);
  set_flag(environment, "ENROOT_MOUNT_HOME", of_start.mount_home);
  return environment;
}

Result<std::vector<MountEntry>> mounts_of_script(const ConfigScript& script, const Environment& environment) {
  auto origin = "mounts() of " + script.path();
  return parse_fstab(TRY(script.mounts(environment)), environment, origin);
}

Result<void> set_given_variables(const GivenForStart& given, const Environment& environment,
                                 Environment& container) {
  if (given.script) {
    auto text = TRY(given.script->environ(environment));
    container.merge(TRY(parse_variables(text, "environ() of " + given.script->path())).lines());
  }
  container.merge(given.environment);
  for (const auto& name : given.unset) container.unset(name);
  return ok();
}

Environment program_environment(const HookPlan& plan, const HookedContainer& container) {
  auto environment = plan.environment;
  environment.set("ENROOT_PID", std::to_string(::getpid()));
  environment.set("ENROOT_ROOTFS", container.rootfs_path);
  return environment;
}

// What the programs of one start share.
class Programs {
 public:
  static Result<Programs> prepare(const HookPlan& plan, HookedContainer& container) {
    auto directory = TRY(PrivateDirectory::mount_on(plan.directory));
    TRY(write_file(AT_FDCWD, plan.directory + "/mounts", "", 0600));
    return Programs(std::move(directory), plan, container);
  }

  Result<void> run(const std::string& program) {
    TRY(variables_.write());
    TRY(run_hook_program(program, environment_.lines()));
    return take_over("hook " + program);
  }

  // hooks() of the script, then its mounts().
  Result<void> run(const ConfigScript& script) {
    TRY(variables_.write());
    TRY(script.hooks(environment_));
    TRY(take_over("hooks() of " + script.path()));
    auto more = TRY(mounts_of_script(script, environment_));
    container_.late_mounts.insert(container_.late_mounts.end(), more.begin(), more.end());
    return ok();
  }

 private:
  Programs(PrivateDirectory directory, const HookPlan& plan, HookedContainer& container)
      : directory_(std::move(directory)),
        container_(container),
        variables_(plan.directory + "/environ", container.environment),
        environment_(program_environment(plan, container)) {
    environment_.set("ENROOT_MOUNTS", plan.directory + "/mounts");
    environment_.set("ENROOT_ENVIRON", variables_.path());
  }

  Result<void> take_over(const std::string& who) {
    TRY_CONTEXT(variables_.take(), who);
    container_.late_mounts = TRY_CONTEXT(read_mounts(*environment_.get("ENROOT_MOUNTS"), environment_), who);
    return ok();
  }

  PrivateDirectory directory_;
  HookedContainer& container_;
  EnvironmentFile variables_;
  Environment environment_;
};

}  // namespace

Result<HookPlan> plan_hooks(std::vector<ConfiguredHook> hooks, const Settings& settings,
                            HookSettings of_start, GivenForStart given) {
  HookPlan plan{
      std::move(hooks), std::move(of_start), settings.environment, {}, settings.runtime_path + "/hooks",
      std::move(given)};
  bool no_program = std::ranges::all_of(plan.hooks, [](const auto& hook) { return hook.builtin != nullptr; });
  if (no_program && !plan.given.script) return plan;
  plan.environment = TRY(hook_environment(settings, plan.of_start));
  auto runtime = TRY(open_runtime_directory(settings.runtime_path));
  TRY(make_directory_at(runtime.get(), "hooks", 0700));
  return plan;
}

Result<void> run_hooks(const HookPlan& plan, HookedContainer& container) {
  auto environment = program_environment(plan, container);
  TRY(set_given_variables(plan.given, environment, container.environment));
  std::optional<Programs> programs;
  for (const auto& hook : plan.hooks) {
    if (hook.builtin) {
      TRY(run_builtin_hook(*hook.builtin, plan, container));
      continue;
    }
    if (!programs) programs.emplace(TRY(Programs::prepare(plan, container)));
    TRY(programs->run(hook.program));
  }
  if (!plan.given.script) return ok();
  if (!programs) programs.emplace(TRY(Programs::prepare(plan, container)));
  TRY(programs->run(*plan.given.script));
  return ok();
}

}  // namespace pyxis
