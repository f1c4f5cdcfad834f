#include "sandbox/mount_plan.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "sandbox/kernel_calls.h"

namespace pyxis {
namespace {

struct AttributeWord {
  std::string_view word;
  uint64_t set, clear;
};
constexpr uint64_t no_bits = 0;
constexpr AttributeWord attribute_words[] = {
    {"ro", kernel::attr_rdonly, no_bits},
    {"rw", no_bits, kernel::attr_rdonly},
    {"nosuid", kernel::attr_nosuid, no_bits},
    {"suid", no_bits, kernel::attr_nosuid},
    {"nodev", kernel::attr_nodev, no_bits},
    {"dev", no_bits, kernel::attr_nodev},
    {"noexec", kernel::attr_noexec, no_bits},
    {"exec", no_bits, kernel::attr_noexec},
    {"nosymfollow", kernel::attr_nosymfollow, no_bits},
    {"symfollow", no_bits, kernel::attr_nosymfollow},
    {"nodiratime", kernel::attr_nodiratime, no_bits},
    {"diratime", no_bits, kernel::attr_nodiratime},
    // The access time is one value of several: the old one is cleared with it.
    {"noatime", kernel::attr_noatime, kernel::attr_atime_mask},
    {"atime", kernel::attr_relatime, kernel::attr_atime_mask},
    {"relatime", kernel::attr_relatime, kernel::attr_atime_mask},
    {"norelatime", kernel::attr_strictatime, kernel::attr_atime_mask},
    {"strictatime", kernel::attr_strictatime, kernel::attr_atime_mask},
    {"nostrictatime", kernel::attr_relatime, kernel::attr_atime_mask},
};

struct PropagationWord {
  std::string_view word;
  Propagation propagation;
};
constexpr PropagationWord propagation_words[] = {{"private", Propagation::private_mount},
                                                 {"slave", Propagation::slave},
                                                 {"shared", Propagation::shared},
                                                 {"unbindable", Propagation::unbindable}};

// Words of fstab(5) for other programs than the one that mounts.
constexpr std::array<std::string_view, 11> meaningless = {
    "defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "_netdev", "comment", "loud"};

// Generic words of mount(8) that a file system as a whole has: a bind has them from its source.
constexpr std::array<std::string_view, 9> of_filesystem = {
    "sync", "async", "dirsync", "lazytime", "nolazytime", "mand", "nomand", "iversion", "noiversion"};

void merge(AttributeChange& into, uint64_t set, uint64_t clear) {
  into.set = (into.set & ~clear & ~set) | set;
  into.clear = (into.clear & ~set) | clear;
}

// "rro" is "ro" for the whole tree; words that begin with an r of their own ("ro", "relatime") are found
// first.
bool take_attribute(PlannedMount& mount, const std::string& option) {
  std::string_view word = option;
  bool recursive = false;
  if (word.ends_with("=recursive")) {
    recursive = true;
    word.remove_suffix(std::string_view("=recursive").size());
  }
  auto find = [](std::string_view text) {
    return std::find_if(std::begin(attribute_words), std::end(attribute_words),
                        [&](auto& one) { return one.word == text; });
  };
  auto found = find(word);
  if (found == std::end(attribute_words) && word.starts_with('r') && !recursive) {
    recursive = true;
    found = find(word.substr(1));
  }
  if (found == std::end(attribute_words)) return false;
  merge(recursive ? mount.recursive_attributes : mount.attributes, found->set, found->clear);
  return true;
}

bool take_propagation(PlannedMount& mount, std::string_view option) {
  for (bool recursive : {false, true}) {
    auto word = recursive && option.starts_with('r') ? option.substr(1) : option;
    for (const auto& entry : propagation_words)
      if (word == entry.word) {
        mount.propagation = entry.propagation;
        mount.recursive_propagation = recursive;
        return true;
      }
  }
  return false;
}

struct Action {
  MountAction action;
  bool recursive;
};

std::optional<Action> action_word(std::string_view option) {
  if (option == "bind") return Action{MountAction::bind, false};
  if (option == "rbind") return Action{MountAction::bind, true};
  if (option == "remount") return Action{MountAction::remount, false};
  if (option == "move" || option == "x-move") return Action{MountAction::move, false};
  if (option == "x-detach") return Action{MountAction::detach, false};
  return std::nullopt;
}

Result<bool> take_own_word(PlannedMount& mount, const std::string& option) {
  if (option == "nofail") return mount.nofail = true;
  if (option == "silent") return mount.silent = true;
  if (option == "x-create=dir")
    mount.create = CreateTarget::directory;
  else if (option == "x-create=file")
    mount.create = CreateTarget::file;
  else if (option == "x-create=auto" || option == "x-create")
    mount.create = CreateTarget::like_source;
  else if (option.starts_with("x-create"))
    return fail("option " + option + " is none of x-create=dir, file and auto");
  else if (!option.starts_with("x-") && std::find(meaningless.begin(), meaningless.end(),
                                                  option.substr(0, option.find('='))) == meaningless.end())
    return false;
  return true;
}

// Attributes of a recursive bind are for all of it; "rw" and the like, on a bind, ask for nothing that must
// be taken off.
void settle_bind(PlannedMount& mount) {
  if (mount.recursive) {
    merge(mount.recursive_attributes, mount.attributes.set, mount.attributes.clear);
    mount.attributes = {};
  }
  for (auto* change : {&mount.attributes, &mount.recursive_attributes})
    change->clear &= kernel::attr_atime_mask;
}

}  // namespace

std::string PlannedMount::describe() const {
  switch (action) {
    case MountAction::bind:
      return "mount " + source + " on " + target;
    case MountAction::filesystem:
      return "mount " + type + " on " + target;
    case MountAction::remount:
      return "remount " + target;
    case MountAction::move:
      return "move mount " + source + " to " + target;
    case MountAction::detach:
      return "unmount " + target;
  }
  return target;
}

Result<PlannedMount> plan_mount(const MountEntry& entry) {
  PlannedMount mount;
  mount.source = entry.source;
  mount.target = entry.target;
  mount.origin = entry.origin;
  std::optional<Action> action;
  for (const auto& option : entry.options) {
    if (option.empty()) continue;
    if (auto word = action_word(option)) {
      action = word;
      continue;
    }
    auto own = TRY_CONTEXT(take_own_word(mount, option), "mount on " + entry.target);
    if (!own && !take_attribute(mount, option) && !take_propagation(mount, option))
      mount.data.push_back(option);
  }
  bool typeless = entry.type.empty() || entry.type == "none" || entry.type == "bind";
  if (!action) action = typeless ? Action{MountAction::bind, true} : Action{MountAction::filesystem, false};
  mount.action = action->action;
  mount.recursive = action->recursive;
  if (mount.action == MountAction::filesystem) mount.type = entry.type;
  if (mount.action != MountAction::filesystem)
    std::erase_if(mount.data, [](const auto& word) {
      return std::ranges::find(of_filesystem, std::string_view(word)) != of_filesystem.end();
    });
  if (mount.action != MountAction::filesystem && !mount.data.empty())
    return fail(mount.describe() + ": unknown mount option " + mount.data.front(),
                "mount(8) has those of a bind: ro, nosuid, nodev, noexec, rprivate, ...");
  if (mount.action == MountAction::bind) settle_bind(mount);
  return mount;
}

Result<std::vector<PlannedMount>> plan_mounts(const std::vector<MountEntry>& entries) {
  std::vector<PlannedMount> mounts;
  mounts.reserve(entries.size());
  for (const auto& entry : entries) {
    auto mount = plan_mount(entry);
    if (!mount.ok() && !entry.origin.empty()) return std::move(mount).error().context(entry.origin);
    mounts.push_back(TRY(std::move(mount)));
  }
  return mounts;
}

}  // namespace pyxis
