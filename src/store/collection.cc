#include "store/collection.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <map>
#include <set>

#include "store/layers.h"
#include "store/record.h"

namespace pyxis {
namespace {

constexpr auto pin_name = "pinned";

// Nothing where the image was never used or pinned.
Result<Fd> open_uses(const Store& store, const Digest& image) {
  auto uses = open_at(store.uses(), image.hex(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!uses.ok() && uses.error().code == ENOENT) return Fd();
  return uses;
}

// That something was written there is no use of the image.
void keep_last_use(int uses, const struct stat& before) {
  struct timespec times[2] = {before.st_atim, before.st_mtim};
  ::futimens(uses, times);
}

// The containers that are said to stand on an image: their names in `uses`.
struct Users {
  std::vector<std::string> there, gone;
};

Result<Users> users_in(const Store& store, int uses) {
  Users users;
  for (const auto& name : TRY(list_directory(uses))) {
    if (name == pin_name) continue;
    auto path = read_file(uses, name, PATH_MAX);
    bool here = name.starts_with(store.of_containers().host() + "-");
    bool gone =
        here && path.ok() && ::access((*path + "/container.json").c_str(), F_OK) != 0 && errno == ENOENT;
    (gone ? users.gone : users.there).push_back(name);
  }
  return users;
}

// Needs the lock exclusively: who begins to stand on an image says so before he is there.
Result<void> forget_gone_users(const Store& store) {
  for (const auto& image : TRY(list_directory(store.uses()))) {
    auto uses = TRY(open_at(store.uses(), image, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    struct stat info;
    auto gone = TRY(users_in(store, uses.get())).gone;
    if (gone.empty() || ::fstat(uses.get(), &info) != 0) continue;
    for (const auto& name : gone) ::unlinkat(uses.get(), name.c_str(), 0);
    keep_last_use(uses.get(), info);
  }
  return ok();
}

Result<void> inspect_uses(const Store& store, InventoryImage& image) {
  auto uses = TRY(open_uses(store, image.digest));
  if (!uses) return ok();
  struct stat info;
  if (::fstat(uses.get(), &info) != 0) return sys_error("uses of " + image.digest.text());
  image.last_use = static_cast<uint64_t>(info.st_mtim.tv_sec);
  image.pinned = ::faccessat(uses.get(), pin_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  image.in_use = !TRY(users_in(store, uses.get())).there.empty();
  return ok();
}

Result<std::set<std::string>> named_manifests(const Store& store) {
  std::set<std::string> manifests;
  for (const auto& file : TRY(list_directory(store.refs()))) {
    auto manifest = read_record(
        store.refs(), file, file,
        [](const nlohmann::json& entry) -> Result<std::string> { return entry.value("manifest", ""); });
    if (manifest.ok()) manifests.insert(std::move(*manifest));
  }
  return manifests;
}

Result<std::vector<InventoryImage>> inventory_images(const Store& store) {
  auto named = TRY(named_manifests(store));
  std::vector<InventoryImage> images;
  for (auto& stored : TRY(list_images(store))) {
    InventoryImage image;
    image.digest = stored.digest;
    image.reference = std::move(stored.reference);
    image.layers = std::move(stored.layers);
    image.shared = stored.shared;
    image.shared_bytes = stored.shared_bytes;
    image.last_use = stored.created;
    image.named = named.contains(image.digest.text());
    TRY(inspect_uses(store, image));
    images.push_back(std::move(image));
  }
  return images;
}

// Chooses among images and keeps count of what remains of each layer's images.
class Planner {
 public:
  Planner(const Inventory& inventory, const CollectionLimits& limits, const CollectionRules& rules)
      : inventory_(inventory), limits_(limits), rules_(rules), bytes_(inventory.bytes()) {
    for (const auto& layer : inventory.layers) left_[layer.digest.text()] = layer.images;
    for (const auto& image : inventory.images) by_use_.push_back(&image);
    std::ranges::sort(by_use_, {},
                      [](const auto* image) { return std::pair(image->last_use, image->digest.text()); });
  }

  Collection plan() {
    for (const auto& layer : inventory_.layers)
      if (layer.images == 0 && layer.published < rules_.fresh_since) drop(layer);
    for (const auto* image : by_use_)
      if ((rules_.names_are_kept && !image->named) || asked_for(*image) || too_old(*image)) drop(*image);
    for (const auto* image : by_use_)
      if (limits_.bytes && bytes_ > *limits_.bytes) drop(*image);
    return std::move(collection_);
  }

 private:
  bool asked_for(const InventoryImage& image) const {
    return std::ranges::find(limits_.images, image.digest) != limits_.images.end();
  }
  bool too_old(const InventoryImage& image) const {
    return limits_.unused_since && image.last_use < *limits_.unused_since;
  }
  void drop(const InventoryLayer& layer) {
    collection_.layers.push_back(layer.digest);
    collection_.bytes += layer.bytes;
    bytes_ -= layer.bytes;
  }
  void drop(const InventoryImage& image) {
    if (image.pinned || image.in_use || (rules_.in_use && rules_.in_use(image)) ||
        !dropped_.insert(image.digest.text()).second)
      return;
    for (const auto& digest : std::set<Digest>(image.layers.begin(), image.layers.end()))
      if (const auto* layer = inventory_.layer(digest); layer && --left_[digest.text()] == 0) drop(*layer);
    collection_.images.push_back(image);
  }

  const Inventory& inventory_;
  const CollectionLimits& limits_;
  const CollectionRules& rules_;
  uint64_t bytes_;
  std::map<std::string, unsigned> left_;  // images that a layer has still
  std::vector<const InventoryImage*> by_use_;
  std::set<std::string> dropped_;
  Collection collection_;
};

Result<void> move_away(int from, const std::string& name, const StagingDirectory& away) {
  if (::renameat(from, name.c_str(), away.fd(), name.c_str()) != 0 && errno != ENOENT)
    return sys_error("remove " + name);
  return ok();
}

}  // namespace

uint64_t Inventory::bytes() const {
  uint64_t sum = 0;
  for (const auto& each : layers) sum += each.bytes;
  return sum;
}

const InventoryLayer* Inventory::layer(const Digest& digest) const {
  auto found = std::ranges::find(layers, digest, &InventoryLayer::digest);
  return found == layers.end() ? nullptr : &*found;
}

uint64_t Inventory::bytes_of(const InventoryImage& image) const {
  if (image.shared) return image.shared_bytes;
  uint64_t sum = 0;
  for (const auto& digest : std::set<Digest>(image.layers.begin(), image.layers.end()))
    if (const auto* found = layer(digest)) sum += found->bytes;
  return sum;
}

uint64_t Inventory::own_bytes_of(const InventoryImage& image) const {
  uint64_t sum = 0;
  for (const auto& digest : std::set<Digest>(image.layers.begin(), image.layers.end()))
    if (const auto* found = layer(digest); found && found->images == 1) sum += found->bytes;
  return sum;
}

Result<Fd> hold_images(const Store& store) {
  return store.lock_shared(collection_lock);
}

void touch_image(const Store& store, const Digest& image) {
  ::utimensat(store.uses(), image.hex().c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

Result<void> pin_image(const Store& store, const Digest& image, bool pinned) {
  struct stat before;
  bool used = ::fstatat(store.uses(), image.hex().c_str(), &before, AT_SYMLINK_NOFOLLOW) == 0;
  auto uses = TRY(make_directory_at(store.uses(), image.hex(), 0700));
  if (!used) {
    auto stored = TRY(find_image(store, image));
    before = {};
    before.st_mtim.tv_sec = stored ? static_cast<time_t>(stored->created) : 0;
  }
  if (pinned)
    TRY(write_file(uses.get(), pin_name, "", 0600));
  else if (::unlinkat(uses.get(), pin_name, 0) != 0 && errno != ENOENT)
    return sys_error("unpin");
  keep_last_use(uses.get(), before);
  return ok();
}

Result<Inventory> take_inventory(const Store& store) {
  Inventory inventory;
  inventory.images = TRY(inventory_images(store));
  std::map<std::string, unsigned> images_of;
  for (const auto& image : inventory.images)
    for (const auto& digest : std::set<Digest>(image.layers.begin(), image.layers.end()))
      ++images_of[digest.hex()];
  for (const auto& hex : TRY(list_directory(store.layers()))) {
    constexpr size_t sha512_length = 128;
    auto digest = Digest::parse((hex.size() == sha512_length ? "sha512:" : "sha256:") + hex);
    if (!digest.ok()) continue;
    auto meta = read_layer_meta(store, *digest);
    struct stat info {};
    (void)::fstatat(store.layers(), (hex + "/meta.json").c_str(), &info, AT_SYMLINK_NOFOLLOW);
    inventory.layers.push_back(
        {*digest, meta.ok() ? meta->bytes : 0, images_of[hex], static_cast<uint64_t>(info.st_mtim.tv_sec)});
  }
  return inventory;
}

Collection plan_collection(const Inventory& inventory, const CollectionLimits& limits,
                           const CollectionRules& rules) {
  return Planner(inventory, limits, rules).plan();
}

Result<Collection> collect(const Store& store, const CollectionLimits& limits,
                           const std::function<void()>& waiting, const CollectionRules& rules) {
  auto away_images = TRY(store.stage()), away_layers = TRY(store.stage());
  auto alone = TRY(store.try_lock_exclusive(collection_lock));
  if (!alone) {
    waiting();
    alone = TRY(store.lock_exclusive(collection_lock));
  }
  TRY(forget_gone_users(store));
  auto collection = plan_collection(TRY(take_inventory(store)), limits, rules);
  // An image goes before what it stands on.
  for (const auto& image : collection.images) {
    TRY(move_away(store.images(), image.digest.hex(), away_images));
    TRY(remove_tree(store.uses(), image.digest.hex()));
  }
  for (const auto& layer : collection.layers) TRY(move_away(store.layers(), layer.hex(), away_layers));
  if (rules.forget) rules.forget(collection);
  return collection;
}

}  // namespace pyxis
