#include "importer/local_resolve.h"

#include "image/saved_images.h"

namespace pyxis {

Result<ResolvedImage> resolve_in_layout(std::string_view index, const std::string& name,
                                        const Platform& platform, const FindDocument& find) {
  ResolvedImage image;
  image.index_digest = Digest::of(index);
  auto level = TRY(parse_layout_index(index, name));
  constexpr int max_depth = 3;  // an index may hold an index, which may hold the manifest
  for (int depth = 0; depth < max_depth; ++depth) {
    auto entry = TRY(select_platform(level, platform));
    image.manifest.digest = image.manifest_digest = entry.digest;
    image.manifest.media_type = entry.media_type;
    image.manifest.bytes = TRY(find(entry));
    auto parsed = TRY(parse_manifest(image.manifest.bytes, entry.media_type));
    if (auto* manifest = std::get_if<Manifest>(&parsed)) {
      image.parsed = std::move(*manifest);
      return image;
    }
    level = std::move(std::get<Index>(parsed));
  }
  return fail("indexes within indexes, more than 3 deep");
}

}  // namespace pyxis
