// Image names: nothing crashes, and what is accepted is safe in URLs and paths and survives its canonical
// text.
#include <cstdlib>

#include "contract/reference.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  auto reference = pyxis::parse_reference({reinterpret_cast<const char*>(data), size});
  if (!reference.ok()) return 0;
  if (("/" + reference->repository + "/").find("/../") != std::string::npos) std::abort();
  auto again = pyxis::parse_reference(reference->canonical());
  if (!again.ok() || again->canonical() != reference->canonical()) std::abort();
  return 0;
}
