// Manifests and indexes from registries.
#include <cstdlib>

#include "image/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  auto parsed = pyxis::parse_manifest({reinterpret_cast<const char*>(data), size});
  if (!parsed.ok()) return 0;
  if (auto* index = std::get_if<pyxis::Index>(&*parsed)) {
    (void)pyxis::select_platform(*index, {"linux", "amd64", ""});
    return 0;
  }
  for (const auto& layer : std::get<pyxis::Manifest>(*parsed).layers)
    if (layer.digest.empty() || layer.size > pyxis::max_blob_bytes) std::abort();
  return 0;
}
