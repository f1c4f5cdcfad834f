// Plugins of Slurm's, as an administrator names them.
#include "doctor/elf_symbol.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  (void)pyxis::doctor::exported_number({reinterpret_cast<const char*>(data), size}, "plugin_version");
  return 0;
}
