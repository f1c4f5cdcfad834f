#include "storage/root_verbs.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <optional>

#include "base/table.h"
#include "base/text.h"
#include "storage/confine.h"
#include "storage/image_care.h"
#include "storage/layout.h"
#include "storage/store_owner.h"

namespace pyxis {
namespace {

void print(const Collection& collection, bool dry_run) {
  for (const auto& image : collection.images)
    std::cout << image.digest.text() << "  " << printable(image.reference) << "\n";
  std::cout << counted(collection.images.size(), "image") << " and "
            << counted(collection.layers.size(), "layer") << (dry_run ? " would go: " : " removed: ")
            << human_bytes(collection.bytes) << "\n";
}

struct OpenStore {
  Store store;
  UserContainers containers;
};

// What root looks at before.
enum class Look { at_containers, at_nothing };

// Root only looks what there is; from here on this process is the store's user, and has nothing else. Nothing
// where nobody has used the store yet.
Result<std::optional<OpenStore>> open_as_keeper(Look look) {
  auto owner = TRY(find_store_owner());
  auto path = shared_store_path(storage_path);
  if (::access(path.c_str(), F_OK) != 0) return std::optional<OpenStore>();
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return sys_error("gethostname");
  UserContainers containers;
  if (look == Look::at_containers) containers = TRY(list_user_containers(storage_path, host.data()));
  auto libexec = TRY(programs_directory());
  TRY(become_keeper(owner));
  TRY(confine_to_store(path, libexec));
  auto store = TRY(Store::open(path, [] { return StoreForm::overlay; }));
  return std::optional(OpenStore{std::move(store), std::move(containers)});
}

Error no_images_yet() {
  return fail(std::string("there are no images in ") + storage_path);
}

}  // namespace

Result<void> collect_here(const CollectArguments& arguments) {
  auto opened = TRY(open_as_keeper(Look::at_containers));
  if (!opened) return arguments.images.empty() ? ok() : Result<void>(no_images_yet());
  const auto& [store, containers] = *opened;
  auto limits = arguments.limits;
  limits.images = TRY(removable_images(store, storage_path, containers, arguments.images));
  auto collection = TRY(collect_shared(store, storage_path, limits, containers, arguments.dry_run));
  if (!arguments.quiet) print(collection, arguments.dry_run);
  for (const auto& image : limits.images)
    if (std::ranges::find(collection.images, image, &InventoryImage::digest) == collection.images.end())
      return fail("image " + image.text() + " was used just now, or removed by somebody else",
                  "run the command again; 'pyxis-storage images' shows those there are");
  return ok();
}

Result<void> list_here(std::span<char* const> words) {
  TRY(refuse_arguments(words));
  auto opened = TRY(open_as_keeper(Look::at_containers));
  std::vector<TableRow> rows = {shared_image_heading()};
  if (opened) rows = TRY(list_shared_images(opened->store, storage_path, opened->containers));
  std::cout << table_text(rows);
  return ok();
}

Result<void> pin_here(std::span<char* const> words, bool pinned) {
  auto names = TRY(parse_images(words));
  auto opened = TRY(open_as_keeper(Look::at_nothing));
  if (!opened) return no_images_yet();
  return pin_shared_images(opened->store, names, pinned);
}

}  // namespace pyxis
