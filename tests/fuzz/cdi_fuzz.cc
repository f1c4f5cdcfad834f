// Specifications of devices, as YAML and as JSON.
#include "cdi/spec.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto* path : {"/x.yaml", "/x.json"})
    if (auto document = pyxis::cdi::parse_document(text, path); document.ok())
      (void)pyxis::cdi::parse_spec(*document, path);
  return 0;
}
