// .credentials
#include "registry/netrc.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  (void)pyxis::parse_netrc({reinterpret_cast<const char*>(data), size});
  return 0;
}
