#include "cli/stored_image.h"

#include <array>
#include <ctime>

#include "base/text.h"
#include "engine/import.h"

namespace pyxis::cli {
namespace {

constexpr size_t least_digits = 12;

bool is_digest_of(const InventoryImage& image, std::string_view name) {
  if (name.starts_with("sha256:")) name.remove_prefix(7);
  return name.size() >= least_digits && image.digest.hex().starts_with(name);
}

// What the name was last resolved to on this platform.
std::optional<Digest> manifest_of(const Store& store, const std::string& name) {
  auto reference = parse_reference(name);
  if (!reference.ok()) return std::nullopt;
  auto resolved = find_name(store, recorded_name({*reference, host_platform(), name}));
  if (!resolved.ok() || !*resolved) return std::nullopt;
  return (*resolved)->manifest;
}

}  // namespace

Result<InventoryImage> image_named(const Store& store, const Inventory& inventory, const std::string& name) {
  const InventoryImage* found = nullptr;
  auto manifest = manifest_of(store, name);
  for (const auto& image : inventory.images) {
    if (image.digest != manifest && image.reference != name && !is_digest_of(image, name)) continue;
    if (image.digest == manifest) return image;
    if (found)
      return fail("'" + name + "' means several images", "name it by its digest, which 'pyxis images' shows");
    found = &image;
  }
  if (!found) return fail("no image " + name + " in the store", "'pyxis images' shows those there are");
  return *found;
}

std::string date_text(uint64_t seconds) {
  auto time = static_cast<time_t>(seconds);
  std::tm parts{};
  ::localtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts);
  return text.data();
}

}  // namespace pyxis::cli
