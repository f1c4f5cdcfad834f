// WWW-Authenticate
#include "registry/challenge.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  (void)pyxis::parse_challenges({reinterpret_cast<const char*>(data), size});
  return 0;
}
