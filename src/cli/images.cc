#include <algorithm>
#include <ctime>
#include <iomanip>
#include <iostream>

#include "base/text.h"
#include "cli/command.h"
#include "engine/settings.h"
#include "engine/user_store.h"
#include "store/images.h"
#include "store/layers.h"

namespace pyxis::cli {
namespace {

std::string date(uint64_t seconds) {
  auto time = static_cast<time_t>(seconds);
  std::tm parts{};
  ::localtime_r(&time, &parts);
  std::ostringstream out;
  out << std::put_time(&parts, "%Y-%m-%d %H:%M");
  return out.str();
}

Result<int> images(const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto store = TRY(open_user_store(settings));
  auto stored = TRY(list_images(store));
  std::sort(stored.begin(), stored.end(),
            [](const auto& a, const auto& b) { return a.reference < b.reference; });
  size_t width = 9;
  for (const auto& image : stored) width = std::max(width, image.reference.size());
  std::cout << std::left << std::setw(static_cast<int>(width)) << "REFERENCE"
            << "  DIGEST        LAYERS  SIZE      IMPORTED\n";
  for (const auto& image : stored) {
    uint64_t bytes = 0;
    for (const auto& layer : image.layers)
      if (auto meta = read_layer_meta(store, layer); meta.ok()) bytes += meta->bytes;
    std::cout << std::setw(static_cast<int>(width)) << image.reference << "  "
              << image.digest.hex().substr(0, 12) << "  " << std::setw(6) << image.layers.size() << "  "
              << std::setw(8) << human_bytes(bytes) << "  " << date(image.created) << "\n";
  }
  return 0;
}

}  // namespace

Action add_images(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("images", "List the images in the store");
  command->footer("SIZE is that of the unpacked layers; layers that images share are on disk once.");
  return [&environment] { return images(environment); };
}

}  // namespace pyxis::cli
