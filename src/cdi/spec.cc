#include "cdi/spec.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>

#include "base/text.h"
#include "contract/device_name.h"

namespace pyxis::cdi {
namespace {

constexpr std::array<std::string_view, 8> versions = {"0.3.0", "0.4.0", "0.5.0", "0.6.0",
                                                      "0.7.0", "0.8.0", "1.0.0", "1.1.0"};

// Of mount(8), those that a bind of somebody without privilege can have.
constexpr std::array<std::string_view, 34> mount_words = {"bind",        "rbind",       "ro",
                                                          "rro",         "rw",          "nosuid",
                                                          "rnosuid",     "suid",        "nodev",
                                                          "rnodev",      "dev",         "noexec",
                                                          "rnoexec",     "exec",        "private",
                                                          "rprivate",    "slave",       "rslave",
                                                          "shared",      "rshared",     "unbindable",
                                                          "atime",       "runbindable", "noatime",
                                                          "relatime",    "norelatime",  "strictatime",
                                                          "nodiratime",  "diratime",    "rnoatime",
                                                          "nosymfollow", "symfollow",   "nostrictatime",
                                                          "rnosymfollow"};

template <class Words>
bool among(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A table, and how messages call it.
class Table {
 public:
  static Result<Table> of(const Value& value, std::string where,
                          std::initializer_list<std::string_view> known) {
    if (value.kind != Value::Kind::table)
      return fail((where.empty() ? "it" : where) + " is no table of fields");
    for (const auto& name : value.names)
      if (!among(known, name))
        return fail((where.empty() ? "" : where + ": ") + "unknown field '" + printable(name) + "'",
                    "known are those of CDI up to " + std::string(versions.back()));
    return Table(value, std::move(where));
  }

  const Value* field(std::string_view name) const { return value_.field(name); }
  std::string path(std::string_view name) const {
    return where_.empty() ? std::string(name) : where_ + "." + std::string(name);
  }
  Error wrong(std::string_view name, std::string_view what) const {
    return fail(path(name) + " " + std::string(what));
  }

  // Empty where it is absent.
  Result<std::string> text(std::string_view name) const {
    const auto* value = field(name);
    if (!value) return std::string();
    if (value->kind != Value::Kind::text && value->kind != Value::Kind::word)
      return wrong(name, "is not a text");
    return value->scalar;
  }
  Result<std::string> needed_text(std::string_view name) const {
    auto value = TRY(text(name));
    if (value.empty())
      return fail((where_.empty() ? "" : where_ + ": ") + "there is no " + std::string(name));
    return value;
  }
  Result<std::optional<uint64_t>> number(std::string_view name) const {
    const auto* value = field(name);
    if (!value) return std::optional<uint64_t>();
    auto parsed = value->kind == Value::Kind::word ? parse_number<uint64_t>(value->scalar) : std::nullopt;
    if (!parsed) return wrong(name, "is not a number");
    return parsed;
  }
  Result<std::vector<std::string>> texts(std::string_view name) const {
    std::vector<std::string> out;
    for (const auto& item : TRY(list(name))) {
      if (item->kind != Value::Kind::text && item->kind != Value::Kind::word)
        return wrong(name, "is not a list of texts");
      out.push_back(item->scalar);
    }
    return out;
  }
  Result<std::vector<const Value*>> list(std::string_view name) const {
    std::vector<const Value*> out;
    const auto* value = field(name);
    if (!value) return out;
    if (value->kind != Value::Kind::list) return wrong(name, "is not a list");
    for (const auto& item : value->items) out.push_back(&item);
    return out;
  }
  // In the container: it cannot lead out of it, and whoever reads the specification sees where it leads.
  Result<std::string> inner_path(std::string_view name) const {
    auto value = TRY(needed_text(name));
    if (!value.starts_with('/')) return wrong(name, "is not an absolute path: " + printable(value));
    if (among(split(value, '/'), "..")) return wrong(name, "has '..' in it: " + printable(value));
    return value;
  }
  Result<std::string> host_path(std::string_view name) const {
    auto value = TRY(needed_text(name));
    if (!value.starts_with('/')) return wrong(name, "is not an absolute path: " + printable(value));
    return value;
  }

 private:
  Table(const Value& value, std::string where) : value_(value), where_(std::move(where)) {}

  const Value& value_;
  std::string where_;
};

std::string item_of(std::string_view list, size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

Result<std::vector<std::string>> read_environment(const Table& table, std::string_view name) {
  auto lines = TRY(table.texts(name));
  for (const auto& line : lines)
    if (line.find('=') == line.npos || line.front() == '=')
      return table.wrong(name, "has '" + printable(line) + "', which is not of the form NAME=VALUE");
  return lines;
}

Result<DeviceNode> read_node(const Value& value, const std::string& where, const std::string& origin) {
  auto table = TRY(Table::of(
      value, where, {"path", "hostPath", "type", "major", "minor", "fileMode", "permissions", "uid", "gid"}));
  DeviceNode node;
  node.path = TRY(table.inner_path("path"));
  node.host_path = table.field("hostPath") ? TRY(table.host_path("hostPath")) : node.path;
  auto type = TRY(table.text("type"));
  if (type == "u") type = "c";  // an unbuffered one, as mknod(1) calls it
  if (!type.empty() && type != "b" && type != "c" && type != "p")
    return table.wrong("type", "is '" + printable(type) + "', and not b, c, u or p");
  if (!type.empty()) node.type = type[0];
  node.major = TRY(table.number("major"));
  node.minor = TRY(table.number("minor"));
  node.origin = origin;
  return node;
}

Result<Mount> read_mount(const Value& value, const std::string& where, const std::string& origin) {
  auto table = TRY(Table::of(value, where, {"hostPath", "containerPath", "options", "type"}));
  Mount mount;
  mount.host_path = TRY(table.host_path("hostPath"));
  mount.container_path = TRY(table.inner_path("containerPath"));
  mount.options = TRY(table.texts("options"));
  for (const auto& option : mount.options)
    if (!among(mount_words, option))
      return table.wrong("options", "has the unknown mount option '" + printable(option) + "'");
  auto type = TRY(table.text("type"));
  if (!type.empty() && type != "none" && type != "bind")
    return table.wrong("type",
                       "is '" + printable(type) + "': only what is on the node can be mounted (bind)");
  mount.origin = origin;
  return mount;
}

// Nothing for one that is never run here.
Result<std::optional<Hook>> read_hook(const Value& value, const std::string& where, const std::string& origin,
                                      std::vector<std::string>& impossible) {
  auto table = TRY(Table::of(value, where, {"hookName", "path", "args", "env", "timeout"}));
  Hook hook;
  auto name = TRY(table.needed_text("hookName"));
  bool late = name == "poststart" || name == "poststop";
  if (late) impossible.push_back(origin + ": hook " + name);
  bool known = late;
  for (auto stage : {HookStage::prestart, HookStage::create_runtime, HookStage::create_container,
                     HookStage::start_container})
    if (name == stage_name(stage)) {
      hook.stage = stage;
      known = true;
    }
  if (!known) return table.wrong("hookName", "is '" + printable(name) + "', which is no hook of OCI's");
  hook.path = TRY(table.host_path("path"));
  hook.arguments = TRY(table.texts("args"));
  if (hook.arguments.empty()) hook.arguments = {hook.path};
  hook.environment = TRY(read_environment(table, "env"));
  if (auto limit = TRY(table.number("timeout"))) {
    if (*limit == 0 || *limit > 1'000'000) return table.wrong("timeout", "is no number of seconds");
    hook.limit = std::chrono::seconds(*limit);
  }
  hook.origin = origin;
  if (late) return std::optional<Hook>();
  return std::optional<Hook>(std::move(hook));
}

Result<std::vector<gid_t>> read_groups(const Table& table) {
  std::vector<gid_t> groups;
  for (const auto* item : TRY(table.list("additionalGids"))) {
    auto group = item->kind == Value::Kind::word ? parse_number<gid_t>(item->scalar) : std::nullopt;
    if (!group || *group == std::numeric_limits<gid_t>::max())
      return table.wrong("additionalGids", "is not a list of group numbers");
    if (*group != 0) groups.push_back(*group);
  }
  return groups;
}

Result<Edits> read_edits(const Value* value, const std::string& where, const std::string& origin) {
  Edits edits;
  if (!value) return edits;
  auto table = TRY(Table::of(
      *value, where, {"env", "deviceNodes", "netDevices", "mounts", "hooks", "additionalGids", "intelRdt"}));
  edits.environment = TRY(read_environment(table, "env"));
  edits.groups = TRY(read_groups(table));
  size_t index = 0;
  for (const auto* item : TRY(table.list("deviceNodes")))
    edits.nodes.push_back(TRY(read_node(*item, table.path(item_of("deviceNodes", index++)), origin)));
  index = 0;
  for (const auto* item : TRY(table.list("mounts")))
    edits.mounts.push_back(TRY(read_mount(*item, table.path(item_of("mounts", index++)), origin)));
  index = 0;
  for (const auto* item : TRY(table.list("hooks")))
    if (auto hook = TRY(read_hook(*item, table.path(item_of("hooks", index++)), origin, edits.impossible)))
      edits.hooks.push_back(std::move(*hook));
  for (const auto* name : {"netDevices", "intelRdt"})
    if (const auto* field = table.field(name); field && !(field->items.empty() && field->scalar.empty()))
      edits.impossible.push_back(origin + ": " + name);
  return edits;
}

Result<Device> read_device(const Value& value, const std::string& where, const std::string& path) {
  auto table = TRY(Table::of(value, where, {"name", "annotations", "containerEdits"}));
  Device device;
  device.name = TRY(table.needed_text("name"));
  TRY_CONTEXT(check_device(device.name), table.path("name"));
  device.edits = TRY(read_edits(table.field("containerEdits"), table.path("containerEdits"),
                                path + ": device '" + device.name + "'"));
  return device;
}

Result<Spec> read_spec(const Value& document, const std::string& path) {
  auto table =
      TRY(Table::of(document, {}, {"cdiVersion", "kind", "annotations", "devices", "containerEdits"}));
  Spec spec;
  spec.path = path;
  auto version = TRY(table.needed_text("cdiVersion"));
  if (!among(versions, version))
    return fail("cdiVersion '" + printable(version) + "' is not known here",
                "known are " + std::string(versions.front()) + " to " + std::string(versions.back()));
  spec.kind = TRY(table.needed_text("kind"));
  TRY_CONTEXT(check_device_kind(spec.kind), "kind");
  spec.edits = TRY(read_edits(table.field("containerEdits"), "containerEdits", path));
  size_t index = 0;
  for (const auto* item : TRY(table.list("devices"))) {
    auto device = TRY(read_device(*item, item_of("devices", index++), path));
    if (spec.find(device.name)) return fail("device '" + device.name + "' is there twice");
    spec.devices.push_back(std::move(device));
  }
  return spec;
}

}  // namespace

const Device* Spec::find(std::string_view name) const {
  auto found = std::ranges::find(devices, name, &Device::name);
  return found == devices.end() ? nullptr : &*found;
}

Result<Value> parse_document(std::string_view text, const std::string& path) {
  return TRY_CONTEXT(path.ends_with(".json") ? parse_json(text) : parse_yaml(text), path);
}

std::string kind_of(const Value& document) {
  const auto* kind = document.field("kind");
  return kind ? kind->scalar : std::string();
}

Result<Spec> parse_spec(const Value& document, const std::string& path) {
  return TRY_CONTEXT(read_spec(document, path), path);
}

}  // namespace pyxis::cdi
