#include <ctime>
#include <iostream>

#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "contract/reference.h"
#include "engine/image_list.h"
#include "engine/user_store.h"
#include "store/downloads.h"

namespace pyxis::cli {
namespace {

struct GcArguments {
  std::vector<std::string> images, files;  // files: by their addresses
  uint64_t max_bytes = 0, max_days = 0;
  bool limit_bytes = false, limit_days = false, dry_run = false;
};

constexpr uint64_t day = 24 * 3600;

Result<CollectionLimits> limits_of(const GcArguments& arguments, const Store& store,
                                   const Inventory& inventory) {
  CollectionLimits limits;
  if (arguments.limit_bytes) limits.bytes = arguments.max_bytes;
  if (arguments.limit_days) {
    auto now = static_cast<uint64_t>(std::time(nullptr));
    limits.unused_since = now - std::min(now, arguments.max_days * day);
  }
  for (const auto& name : arguments.images) {
    auto image = TRY(image_named(store, inventory, name, "pyxis images"));
    if (image.in_use)
      return fail("containers stand on image " + name, "remove them first: 'pyxis list' shows them");
    if (image.pinned) return fail("image " + name + " is pinned", "pyxis unpin " + name);
    limits.images.push_back(image.digest);
  }
  return limits;
}

void print(const Collection& collection, bool dry_run) {
  const char* verb = dry_run ? "would go" : "removed";
  for (const auto& image : collection.images)
    std::cout << image.digest.hex().substr(0, 12) << "  " << date_text(image.last_use) << "  "
              << printable(image.reference) << "\n";
  log::info(counted(collection.images.size(), "image") + " and " +
            counted(collection.layers.size(), "layer") + " " + verb + ": " + human_bytes(collection.bytes));
}

void print(const std::vector<Download>& files, bool dry_run) {
  if (files.empty()) return;
  uint64_t bytes = 0;
  for (const auto& file : files) {
    std::cout << date_text(file.last_use) << "  " << printable(file.url) << "\n";
    bytes += file.bytes;
  }
  log::info(counted(files.size(), "image file") + (dry_run ? " would go: " : " removed: ") +
            human_bytes(bytes));
}

// Of what is named, addresses of image files are files.
Result<void> part_files(const Store& store, GcArguments& arguments) {
  std::vector<std::string> images;
  for (auto& name : arguments.images) {
    auto reference = parse_reference(name);
    bool file = reference.ok() && reference->scheme == Reference::Scheme::url;
    if (file && !TRY(find_download(store, reference->path)))
      return fail("no file of " + printable(name) + " in the store", "'pyxis images' shows those there are");
    (file ? arguments.files : images).push_back(std::move(name));
  }
  arguments.images = std::move(images);
  return ok();
}

Result<int> gc(GcArguments arguments, const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto store = TRY(open_user_store(settings));
  TRY(part_files(store, arguments));
  TRY(store.sweep_staging());
  auto inventory = TRY(take_inventory(store));
  auto limits = TRY(limits_of(arguments, store, inventory));
  auto waiting = [] { log::info("waiting for imports and starts that are under way"); };
  auto removed =
      arguments.dry_run ? plan_collection(inventory, limits) : TRY(collect(store, limits, waiting));
  print(removed, arguments.dry_run);
  DownloadLimits files{limits.unused_since, limits.bytes, arguments.files};
  // What the layers leave of it.
  if (files.bytes) *files.bytes -= std::min(*files.bytes, inventory.bytes() - removed.bytes);
  print(TRY(collect_downloads(store, files, arguments.dry_run)), arguments.dry_run);
  return 0;
}

}  // namespace

Action add_gc(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("gc", "Remove images that are not needed from the store");
  auto arguments = std::make_shared<GcArguments>();
  command->add_option("IMAGE", arguments->images, "These go, by name, digest or address");
  auto* bytes = command
                    ->add_option("--max-size", arguments->max_bytes,
                                 "Then as many go as bring the layers below this, the longest unused first")
                    ->type_name("SIZE")
                    ->transform(CLI::AsSizeValue(false));
  auto* days =
      command->add_option("--max-age", arguments->max_days, "Images go that were not used for so many days")
          ->type_name("DAYS");
  command->add_flag("--dry-run", arguments->dry_run, "Only show what would go");
  command->footer(
      "Images that no name means any more go in any case: those of tags that have moved on. What a container "
      "stands on stays, and so does what was pinned ('pyxis pin').\n"
      "Image files that came from an address go by the same limits.\n"
      "Prints digest, last use and name of each. An import that is under way is waited for.\n"
      "SIZE is in bytes, or with a unit: 500M, 20G.");
  return [arguments, bytes, days, &environment] {
    arguments->limit_bytes = bytes->count() > 0;
    arguments->limit_days = days->count() > 0;
    return gc(*arguments, environment);
  };
}

}  // namespace pyxis::cli
