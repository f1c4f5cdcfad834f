#include "engine/image_list.h"

#include <algorithm>

#include "base/text.h"
#include "engine/import.h"

namespace pyxis {
namespace {

constexpr size_t least_digits = 12;

bool is_digest_of(const InventoryImage& image, std::string_view name) {
  if (name.starts_with("sha256:")) name.remove_prefix(7);
  return name.size() >= least_digits && image.digest.hex().starts_with(name);
}

// A job's steps import a tag as what it was found to be for the job: by name, tag and digest.
std::string without_digest(const std::string& name) {
  auto reference = parse_reference(name);
  if (!reference.ok() || reference->tag.empty()) return name;
  reference->digest = {};
  return reference->canonical();
}

std::optional<Digest> manifest_of(const Store& store, const Reference& reference, const std::string& name) {
  auto resolved = find_name(store, recorded_name({reference, host_platform(), name}));
  if (!resolved.ok() || !*resolved) return std::nullopt;
  return (*resolved)->manifest;
}

}  // namespace

TableRow image_heading() {
  return {"REFERENCE", "DIGEST", "LAYERS", "SIZE", "SHARED", "LAST USE"};
}

TableRow image_row(const Inventory& inventory, const InventoryImage& image) {
  auto bytes = inventory.bytes_of(image);
  return {printable(image.reference),
          image.digest.hex().substr(0, least_digits),
          std::to_string(image.layers.size()),
          human_bytes(bytes),
          human_bytes(bytes - inventory.own_bytes_of(image)),
          date_text(image.last_use)};
}

Result<InventoryImage> image_named(const Store& store, const Inventory& inventory, const std::string& name,
                                   const std::string& list_command) {
  auto reference = parse_reference(name);
  auto manifest = reference.ok() ? manifest_of(store, *reference, name) : std::nullopt;
  auto imported_by = reference.ok() ? reference->canonical() : name;
  const InventoryImage* found = nullptr;
  for (const auto& image : inventory.images)
    if (image.digest == manifest) return image;
  // A reference may look like another image's digest.
  bool by_digest = std::ranges::any_of(
      inventory.images, [&](const InventoryImage& image) { return is_digest_of(image, name); });
  for (const auto& image : inventory.images) {
    bool meant = by_digest ? is_digest_of(image, name)
                           : image.reference == name || image.reference == imported_by ||
                                 without_digest(image.reference) == imported_by;
    if (!meant) continue;
    if (found)
      return fail("'" + printable(name) + "' means several images",
                  "name it by its digest, which '" + list_command + "' shows");
    found = &image;
  }
  if (!found)
    return fail("no image " + printable(name) + " in the store",
                "'" + list_command + "' shows those there are");
  return *found;
}

}  // namespace pyxis
