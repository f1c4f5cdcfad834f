#include "storage/collector.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "base/text.h"
#include "storage/layout.h"

namespace pyxis {
namespace {

// What was used a moment ago is likely to be about to be used; an image may be a while on its way.
constexpr uint64_t used_lately = 600, on_its_way = 24 * 3600;  // seconds
constexpr uint64_t day = 24 * 3600;

Result<Fd> open_directory_at(int parent, const std::string& name) {
  return open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

// Users' rights to what is gone.
void forget_grants(const Store& store, const Collection& collection) {
  auto shared = open_path(store.path(), O_RDONLY | O_DIRECTORY);
  if (!shared.ok()) return;
  auto forget = [&](const char* kind, const std::string& hex) {
    auto all = open_directory_at(shared->get(), kind);
    if (!all.ok()) return;
    (void)each_directory(all->get(), [&](const std::string&, int user) {
      ::unlinkat(user, hex.c_str(), 0);
      return ok();
    });
  };
  for (const auto& image : collection.images) {
    forget("grants", image.digest.hex());
    // Whoever waits for it sees that it is not named any more (Store::lock_named).
    if (auto lock = store.try_lock_exclusive("use-" + image.digest.hex()); lock.ok() && *lock)
      store.discard_lock("use-" + image.digest.hex());
  }
  for (const auto& layer : collection.layers) {
    forget("proven", layer.hex());
    if (auto origins = open_directory_at(shared->get(), "origins"); origins.ok())
      (void)remove_tree(origins->get(), layer.hex());
  }
}

// Of layers whose import began, a file each. One that is held, or has just been made, stays.
void discard_old_locks(const Store& store, uint64_t now) {
  auto locks = open_path(store.path() + "/locks", O_RDONLY | O_DIRECTORY);
  auto names = locks.ok() ? list_directory(locks->get()) : Result<std::vector<std::string>>(locks.error());
  if (!names.ok()) return;
  for (const auto& name : *names) {
    struct stat info;
    bool old = ::fstatat(locks->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
               static_cast<uint64_t>(info.st_mtim.tv_sec) + day < now;
    if (!old || !(name.starts_with("layer-") || name.starts_with("publish-"))) continue;
    if (auto lock = store.try_lock_exclusive(name); lock.ok() && *lock) store.discard_lock(name);
  }
}

bool asked_for(const ShareLimits& limits, const Digest& image) {
  return std::ranges::find(limits.images, image) != limits.images.end();
}

}  // namespace

Result<std::optional<uint64_t>> exceeded_limit(const Store& store, const ShareLimits& limits,
                                               uint64_t layer_bytes) {
  std::optional<uint64_t> limit;
  if (limits.bytes && layer_bytes > *limits.bytes) limit = limits.bytes;
  if (!limits.percent) return limit;
  struct statvfs info;
  if (::statvfs(store.path().c_str(), &info) != 0) return sys_error(store.path());
  uint64_t total = info.f_blocks * info.f_frsize, used = (info.f_blocks - info.f_bfree) * info.f_frsize;
  uint64_t allowed = total / 100 * *limits.percent;
  if (used <= allowed) return limit;
  uint64_t left = layer_bytes - std::min(layer_bytes, used - allowed);
  return std::optional(limit ? std::min(*limit, left) : left);
}

Result<Collection> collect_shared(const Store& store, const std::string& root, const ShareLimits& limits,
                                  const UserContainers& containers, bool dry_run) {
  auto now = static_cast<uint64_t>(std::time(nullptr));
  // What killed imports have left counts as used where the limit is the file system's.
  if (!dry_run) TRY(store.sweep_staging());
  auto kept = TRY(Kept::read(store, root, containers));
  auto inventory = TRY(take_inventory(store));
  CollectionLimits wanted;
  wanted.bytes = TRY(exceeded_limit(store, limits, inventory.bytes()));
  if (limits.max_days) wanted.unused_since = now - std::min(now, *limits.max_days * day);
  wanted.images = limits.images;
  CollectionRules rules;
  rules.names_are_kept = false;
  rules.fresh_since = now - std::min(now, on_its_way);
  rules.in_use = [&](const InventoryImage& image) {
    // What was used since the containers were listed may have one.
    auto since = asked_for(limits, image.digest) ? containers.listed : now - std::min(now, used_lately);
    return image.last_use >= since || kept.container_on(image.digest) || used_by_step(store, image.digest);
  };
  if (dry_run) return plan_collection(inventory, wanted, rules);
  kept.forget_gone();
  rules.forget = [&](const Collection& gone) { forget_grants(store, gone); };
  auto collection = TRY(collect(
      store, wanted, [] {}, rules));
  TRY(store.sweep_staging());
  discard_old_locks(store, now);
  return collection;
}

Result<void> parse_share_limit(ShareLimits& limits, std::string_view text) {
  auto unknown = [&] { return fail("'" + printable(text) + "' is no limit", "say it as 500G, or as 80%"); };
  if (text.ends_with('%')) {
    limits.percent = parse_number<unsigned>(text.substr(0, text.size() - 1));
    if (!limits.percent || *limits.percent == 0 || *limits.percent > 100) return unknown();
    return ok();
  }
  unsigned shift = 0;
  if (!text.empty())
    if (auto unit = std::string_view("KMGT").find(text.back()); unit != text.npos) {
      shift = 10 * (static_cast<unsigned>(unit) + 1);
      text.remove_suffix(1);
    }
  limits.bytes = parse_number<uint64_t>(text);
  if (!limits.bytes || *limits.bytes > UINT64_MAX >> shift) return unknown();
  *limits.bytes <<= shift;
  return ok();
}

}  // namespace pyxis
