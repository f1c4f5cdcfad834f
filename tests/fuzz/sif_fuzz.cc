// The table of SIF files: what is found lies within the file.
#include <algorithm>
#include <cstdlib>

#include "squash/sif.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using namespace pyxis;
  std::string_view file(reinterpret_cast<const char*>(data), size);
  if (!squash::is_sif(file)) return 0;
  auto read = [&](uint64_t offset, std::span<char> out) -> Result<void> {
    if (offset > file.size() || out.size() > file.size() - offset) std::abort();
    std::copy_n(file.data() + offset, out.size(), out.data());
    return ok();
  };
  auto found = squash::find_sif_partition(file.substr(0, squash::sif_header_bytes), size, read);
  if (found.ok() && (found->offset > size || found->bytes > size - found->offset)) std::abort();
  return 0;
}
