// What comes back from the storage helper, and to it from the processes that import layers.
#include <cstdlib>

#include "contract/storage.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  auto reply = pyxis::StorageReply::decode({reinterpret_cast<const char*>(data), size});
  if (!reply.ok()) return 0;
  auto again = pyxis::StorageReply::decode(reply->encode());
  if (!again.ok() || again->encode() != reply->encode()) std::abort();
  return 0;
}
