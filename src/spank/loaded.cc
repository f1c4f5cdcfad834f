// What the plugin does when it is loaded, before Slurm looks at the release that it carries: Slurm's own line
// about a plugin of another release does not say which release Slurm is.
#include <dlfcn.h>

#include "spank/slurm_release.h"

extern "C" const unsigned int plugin_version;

namespace {

// What another release does not have must not be called, so functions are looked up.
template <class Function>
Function* function_of_slurm(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

[[gnu::constructor]] void say_if_refused() noexcept {
  try {
    auto* interface = function_of_slurm<long()>("slurm_api_version");
    auto* error = function_of_slurm<void(const char*, ...)>("slurm_error");
    Dl_info self{};
    if (!interface || !error || !::dladdr(&plugin_version, &self)) return;
    auto complaint = pyxis::spank::release_complaint(self.dli_fname, plugin_version,
                                                     static_cast<unsigned long>(interface()));
    if (!complaint.empty()) error("pyxis: %s", complaint.c_str());
  } catch (...) {
    // Slurm's own line has to do.
  }
}

}  // namespace
