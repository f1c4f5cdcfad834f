#include "spank/options.h"

#include <algorithm>

#include "base/text.h"
#include "contract/device_name.h"
#include "contract/reference.h"
#include "spank/mounts.h"

namespace pyxis::spank {
namespace {

std::string dashed(const OptionRow& row) {
  return std::string("--") + row.name;
}

Result<std::vector<std::string>> parse_env_names(const std::string& text) {
  auto names = split(text, ',');
  for (const auto& name : names)
    if (name.empty() || name.find('=') != name.npos)
      return fail("--container-env: invalid variable name \"" + printable(name) + "\"");
  return names;
}

Result<std::vector<std::string>> parse_unshare(const std::string& text) {
  std::vector<std::string> kinds;
  for (const auto& kind : split(text, ',')) {
    if (kind != "net" && kind != "ipc" && kind != "uts")
      return fail("--container-unshare: invalid namespace \"" + printable(kind) + "\" (net, ipc or uts)");
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  }
  return kinds;
}

Result<std::vector<std::string>> parse_devices(const std::string& text) {
  return TRY_CONTEXT(parse_device_list(text), "--container-device");
}

Result<void> check_save(const std::string& path) {
  if (path.back() == '/') return fail("--container-save: path is a directory: " + path);
  return ok();
}

// As the engine will read it, in the engine's words.
Result<void> check_image(const std::string& image) {
  TRY_CONTEXT(parse_reference(image), "--container-image");
  return ok();
}

// The checks of one value that need nothing else; what they parse is parsed again by resolve().
Result<void> check_value(const OptionRow& row, const std::string& value) {
  if (!row.argument) return ok();
  if (value.empty()) return fail(dashed(row) + ": argument required");
  if (value.find('\0') != value.npos) return fail(dashed(row) + ": invalid argument");
  switch (row.id) {
    case OptionId::image:
      return check_image(value);
    case OptionId::save:
      return check_save(value);
    case OptionId::mounts:
      TRY(parse_mounts(value));
      return ok();
    case OptionId::name:
      TRY(parse_name(value));
      return ok();
    case OptionId::env:
      TRY(parse_env_names(value));
      return ok();
    case OptionId::unshare:
      TRY(parse_unshare(value));
      return ok();
    case OptionId::device:
      TRY(parse_devices(value));
      return ok();
    default:
      return ok();
  }
}

}  // namespace

Result<void> GivenOptions::give(OptionId id, std::string_view argument, Origin origin) {
  const auto& row = option_row(id);
  std::string text(row.argument ? argument : std::string_view());
  TRY(check_value(row, text));
  for (auto other : {id, row.opposite}) {
    auto known = values_.find(other);
    if (known == values_.end()) continue;
    if (known->second.origin < origin) return ok();
    if (known->second.origin > origin) {
      values_.erase(known);
      continue;
    }
    if (other == id && known->second.text == text) return ok();
    if (other == id) return fail(dashed(row) + " specified multiple times");
    return fail("both " + dashed(option_row(std::min(id, other))) + " and " +
                dashed(option_row(std::max(id, other))) + " were specified");
  }
  values_.insert_or_assign(id, Value{std::move(text), origin});
  return ok();
}

Result<void> GivenOptions::add_inherited(const Lookup& variables) {
  const GivenOptions before = *this;
  for (const auto& row : option_rows()) {
    if (before.settled(row)) continue;
    if (auto value = variables(carrier_variable(row))) TRY(give(row.id, *value, Origin::inherited));
  }
  return ok();
}

Result<void> GivenOptions::add_decisions(const Lookup& variables) {
  for (const auto& row : option_rows()) {
    auto value = variables(decision_variable(row));
    if (!value) continue;
    if (row.id != OptionId::environment) {
      TRY(give(row.id, *value));
      continue;
    }
    // Its options are among the decisions.
    auto file = TRY_CONTEXT(EnvironmentFile::decode(*value), dashed(row));
    TRY(give(row.id, file.argument));
    file_ = std::move(file);
  }
  return ok();
}

Result<void> GivenOptions::add_file(EnvironmentFile file) {
  auto from = origin(OptionId::environment) == Origin::command_line ? Origin::file : Origin::inherited_file;
  auto say = [&](OptionId id, const std::string& text) -> Result<void> {
    if (!text.empty()) TRY_CONTEXT(give(id, text, from), file.path);
    return ok();
  };
  TRY(say(OptionId::image, file.image));
  TRY(say(OptionId::mounts, file.mounts));
  TRY(say(OptionId::workdir, file.workdir));
  TRY(say(OptionId::device, file.devices));
  if (file.entrypoint) TRY(give(*file.entrypoint ? OptionId::entrypoint : OptionId::no_entrypoint, "", from));
  if (file.writable) TRY(give(*file.writable ? OptionId::writable : OptionId::readonly, "", from));
  file_ = std::move(file);
  return ok();
}

Result<void> GivenOptions::add_defaults(const Lookup& variables) {
  const GivenOptions before = *this;
  for (const auto& row : option_rows()) {
    if (!row.environment || before.settled(row)) continue;
    auto value = variables(row.environment);
    if (!value || value->empty()) continue;
    if (row.argument) {
      TRY_CONTEXT(give(row.id, *value, Origin::variable), row.environment);
      continue;
    }
    auto choice = parse_bool(*value);
    if (!choice) return fail(std::string(row.environment) + ": invalid value \"" + printable(*value) + "\"");
    if (*choice) TRY_CONTEXT(give(row.id, "", Origin::variable), row.environment);
    if (!*choice && row.opposite != row.id)
      TRY_CONTEXT(give(row.opposite, "", Origin::variable), row.environment);
  }
  return ok();
}

Result<StepOptions> GivenOptions::resolve(const Config& config) const {
  StepOptions options;
  auto text = [this](OptionId id) { return has(id) ? argument(id) : std::string(); };
  auto choice = [this](OptionId yes, OptionId no) -> std::optional<bool> {
    if (!has(yes) && !has(no)) return std::nullopt;
    return has(yes);
  };
  options.image = text(OptionId::image);
  options.workdir = text(OptionId::workdir);
  options.save = text(OptionId::save);
  if (has(OptionId::mounts)) options.mounts = TRY(parse_mounts(argument(OptionId::mounts)));
  if (has(OptionId::name)) options.name = TRY(parse_name(argument(OptionId::name)));
  if (has(OptionId::env)) options.env_names = TRY(parse_env_names(argument(OptionId::env)));
  if (has(OptionId::unshare)) options.unshare = TRY(parse_unshare(argument(OptionId::unshare)));
  if (has(OptionId::device)) options.devices = TRY(parse_devices(argument(OptionId::device)));
  options.mount_home = choice(OptionId::mount_home, OptionId::no_mount_home);
  options.remap_root = choice(OptionId::remap_root, OptionId::no_remap_root);
  options.entrypoint = choice(OptionId::entrypoint, OptionId::no_entrypoint);
  options.writable = choice(OptionId::writable, OptionId::readonly);
  options.entrypoint_log = has(OptionId::entrypoint_log);
  if (file_) options.variables = file_->variables;
  // Files are read where srun, sbatch or salloc runs, or not at all.
  if (has(OptionId::environment) && !file_)
    return fail("--environment=" + printable(argument(OptionId::environment)) +
                    ": the file was not read where the job was submitted",
                "submit from a host whose Slurm has the plugin of Pyxis");
  if (!options.contained()) return options;

  if (!options.devices.empty() && config.engine == EngineKind::enroot)
    return fail((origin(OptionId::device) == Origin::command_line || !file_ ? "--container-device"
                                                                            : file_->path + ": devices") +
                    ": this cluster's containers are made by enroot, which knows no devices by CDI",
                "leave it out; images and NVIDIA_VISIBLE_DEVICES ask for GPUs there");
  if (!has(OptionId::device)) {
    options.devices = config.devices;
    options.devices_by_default = true;
  }
  if (!options.entrypoint && config.execute_entrypoint) options.entrypoint = true;
  return options;
}

std::vector<std::string> GivenOptions::ignored() const {
  std::vector<std::string> lines;
  if (has(OptionId::image) || has(OptionId::name)) return lines;
  for (const auto& [id, value] : values_)
    if (value.origin == Origin::command_line)
      lines.push_back("ignoring " + dashed(option_row(id)) +
                      " because neither --container-image nor --container-name is set");
  return lines;
}

}  // namespace pyxis::spank
