// Image configurations from registries: no text of an accepted one holds a NUL.
#include <cstdlib>

#include "image/config.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  auto config = pyxis::parse_config({reinterpret_cast<const char*>(data), size});
  if (!config.ok()) return 0;
  for (const auto& list : {config->env, config->entrypoint, config->cmd, config->volumes})
    for (const auto& text : list)
      if (text.find('\0') != std::string::npos) std::abort();
  return 0;
}
