#include <algorithm>
#include <iostream>

#include "base/text.h"
#include "cli/command.h"
#include "engine/image_list.h"
#include "engine/user_store.h"
#include "store/downloads.h"

namespace pyxis::cli {
namespace {

std::string state_of(const InventoryImage& image) {
  std::vector<std::string> words;
  if (image.in_use) words.emplace_back("in use");
  if (image.shared) words.emplace_back("of the node");
  if (image.pinned) words.emplace_back("pinned");
  if (!image.named) words.emplace_back("unnamed");
  return join(words, ", ");
}

Result<int> images(const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto store = TRY(open_user_store(settings));
  auto hold = TRY(hold_images(store));
  auto inventory = TRY(take_inventory(store));
  std::ranges::sort(inventory.images, {}, &InventoryImage::reference);
  std::vector<TableRow> rows = {image_heading()};
  rows.back().emplace_back("STATE");
  for (const auto& image : inventory.images) {
    rows.push_back(image_row(inventory, image));
    rows.back().push_back(state_of(image));
  }
  for (const auto& file : TRY(list_downloads(store)))
    rows.push_back({printable(file.url), "-", "-", human_bytes(file.bytes), human_bytes(0),
                    date_text(file.last_use), "file"});
  std::cout << table_text(rows);
  return 0;
}

}  // namespace

Action add_images(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("images", "List the images in the store");
  command->footer(
      "REFERENCE is the name an image was imported by, which has where it is from: registry and repository, "
      "or archive.\n"
      "SIZE is that of the unpacked layers; SHARED is the part of it that other images have, too: it is on "
      "disk once.\n"
      "'of the node': its layers are in the store that all users of this node share.\n"
      "'file': an image file that came from an address, as it is.\n"
      "STATE: 'in use' where a container stands on it, 'pinned', 'unnamed' where no name means it any more.");
  return [&environment] { return images(environment); };
}

}  // namespace pyxis::cli
