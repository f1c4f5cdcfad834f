#include "storage/image_care.h"

#include <algorithm>

#include "base/text.h"
#include "contract/reference.h"
#include "engine/image_list.h"
#include "storage/grants.h"

namespace pyxis {
namespace {

constexpr auto list_command = "pyxis-storage images";
constexpr size_t most_origins = 3;  // that are shown

std::string state_of(const Store& store, const Kept& kept, const InventoryImage& image) {
  std::vector<std::string> words;
  if (used_by_step(store, image.digest)) words.emplace_back("in use");
  if (kept.container_on(image.digest)) words.emplace_back("kept");
  if (image.pinned) words.emplace_back("pinned");
  return join(words, ", ");
}

// That of its name comes first: others may be many.
std::string origins_of(const Store& store, const InventoryImage& image) {
  auto origins = common_origins(store, image.layers);
  std::vector<ImageOrigin> shown(origins.begin(), origins.end());
  if (auto name = parse_reference(image.reference); name.ok())
    std::stable_partition(shown.begin(), shown.end(), [&](const auto& origin) {
      return origin.registry == name->registry && origin.repository == name->repository;
    });
  std::vector<std::string> texts;
  for (const auto& origin : shown)
    if (texts.size() < most_origins) texts.push_back(printable(origin.registry + "/" + origin.repository));
  if (shown.size() > most_origins) texts.push_back(std::to_string(shown.size() - most_origins) + " more");
  return join(texts, ", ");
}

}  // namespace

Result<std::vector<TableRow>> list_shared_images(const Store& store, const std::string& root,
                                                 const UserContainers& containers) {
  auto hold = TRY(hold_images(store));
  auto kept = TRY(Kept::read(store, root, containers));
  auto inventory = TRY(take_inventory(store));
  std::ranges::sort(inventory.images, {},
                    [](const auto& image) { return std::pair(image.reference, image.digest); });
  std::vector<TableRow> rows = {shared_image_heading()};
  for (const auto& image : inventory.images) {
    rows.push_back(image_row(inventory, image));
    rows.back().push_back(state_of(store, kept, image));
    rows.back().push_back(origins_of(store, image));
  }
  return rows;
}

TableRow shared_image_heading() {
  auto heading = image_heading();
  heading.insert(heading.end(), {"STATE", "ORIGIN"});
  return heading;
}

Result<void> pin_shared_images(const Store& store, const std::vector<std::string>& names, bool pinned) {
  auto hold = TRY(hold_images(store));
  auto inventory = TRY(take_inventory(store));
  std::vector<Digest> images;
  for (const auto& name : names)
    images.push_back(TRY(image_named(store, inventory, name, list_command)).digest);
  for (const auto& image : images) TRY(pin_image(store, image, pinned));
  return ok();
}

Result<std::vector<Digest>> removable_images(const Store& store, const std::string& root,
                                             const UserContainers& containers,
                                             const std::vector<std::string>& names) {
  std::vector<Digest> images;
  if (names.empty()) return images;
  auto kept = TRY(Kept::read(store, root, containers));
  auto inventory = TRY(take_inventory(store));
  for (const auto& name : names) {
    auto image = TRY(image_named(store, inventory, name, list_command));
    auto shown = printable(name);
    if (image.pinned) return fail("image " + shown + " is pinned", "pyxis-storage unpin " + shown);
    if (auto container = kept.container_on(image.digest))
      return fail(
          "a container stands on image " + shown + (container->empty() ? "" : ": " + printable(*container)),
          "its user removes it with 'pyxis remove'");
    if (used_by_step(store, image.digest))
      return fail("a step uses image " + shown, "run the command again when that is over");
    images.push_back(image.digest);
  }
  return images;
}

}  // namespace pyxis
