#include "layer/fixup.h"

#include <fcntl.h>

#include "base/fs.h"
#include "layer/copy.h"

namespace pyxis {

Result<FixupPlace> make_fixup_parents(const EntryPath& path, int layer, int fixup) {
  FixupPlace place;
  place.fixup = TRY(open_at(fixup, ".", O_RDONLY | O_DIRECTORY));
  place.layer = TRY(open_at(layer, ".", O_RDONLY | O_DIRECTORY));
  TRY(copy_directory_attributes(place.layer.get(), place.fixup.get()));
  for (const auto& name : path.parents) {
    auto next = TRY(make_directory_at(place.fixup.get(), name));
    auto model = TRY(open_at(place.layer.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(copy_directory_attributes(model.get(), next.get()));
    TRY(copy_time(place.layer.get(), place.fixup.get()));
    place = {std::move(next), std::move(model)};
  }
  return place;
}

}  // namespace pyxis
