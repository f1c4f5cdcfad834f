#include <algorithm>
#include <iomanip>
#include <iostream>

#include "base/text.h"
#include "cli/command.h"
#include "cli/stored_image.h"
#include "engine/user_store.h"

namespace pyxis::cli {
namespace {

std::string state_of(const InventoryImage& image) {
  std::string state;
  if (image.in_use) state = "in use";
  if (image.shared) state += state.empty() ? "of the node" : ", of the node";
  if (image.pinned) state += state.empty() ? "pinned" : ", pinned";
  if (!image.named) state += state.empty() ? "unnamed" : ", unnamed";
  return state;
}

Result<int> images(const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto store = TRY(open_user_store(settings));
  auto hold = TRY(hold_images(store));
  auto inventory = TRY(take_inventory(store));
  std::ranges::sort(inventory.images, {}, &InventoryImage::reference);
  size_t width = 9;
  for (const auto& image : inventory.images) width = std::max(width, image.reference.size());
  std::cout << std::left << std::setw(static_cast<int>(width)) << "REFERENCE"
            << "  DIGEST        LAYERS  SIZE      SHARED    LAST USE          STATE\n";
  for (const auto& image : inventory.images) {
    auto bytes = inventory.bytes_of(image);
    std::ostringstream line;
    line << std::left << std::setw(static_cast<int>(width)) << image.reference << "  "
         << image.digest.hex().substr(0, 12) << "  " << std::setw(6) << image.layers.size() << "  "
         << std::setw(8) << human_bytes(bytes) << "  " << std::setw(8)
         << human_bytes(bytes - inventory.own_bytes_of(image)) << "  " << date_text(image.last_use) << "  "
         << state_of(image);
    std::cout << trim(line.str()) << "\n";
  }
  return 0;
}

}  // namespace

Action add_images(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("images", "List the images in the store");
  command->footer(
      "SIZE is that of the unpacked layers; SHARED is the part of it that other images have, too: it is on "
      "disk once.\n"
      "'of the node': its layers are in the store that all users of this node share.\n"
      "STATE: 'in use' where a container stands on it, 'pinned', 'unnamed' where no name means it any more.");
  return [&environment] { return images(environment); };
}

}  // namespace pyxis::cli
