// What an unpacker tells that a hostile archive may have taken over.
#include <cstdlib>

#include "storage/layer_report.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  auto meta = pyxis::decode_layer_report({reinterpret_cast<const char*>(data), size});
  if (!meta.ok()) return 0;
  auto body = pyxis::encode_layer_report(meta);
  auto again = pyxis::decode_layer_report(body);
  if (!again.ok() || pyxis::encode_layer_report(again) != body) std::abort();
  return 0;
}
