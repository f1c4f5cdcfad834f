#include "spank/slurm_release.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace pyxis::spank {
namespace {

struct KnownRelease {
  unsigned long soname;  // of libslurm: API_CURRENT in Slurm's META
  std::string_view name;
};

constexpr std::array known = {
    KnownRelease{36, "20.11"}, KnownRelease{37, "21.08"}, KnownRelease{38, "22.05"},
    KnownRelease{39, "23.02"}, KnownRelease{40, "23.11"}, KnownRelease{41, "24.05"},
    KnownRelease{42, "24.11"}, KnownRelease{43, "25.05"}, KnownRelease{44, "25.11"},
    KnownRelease{45, "26.05"},
};

std::string release_name(unsigned long number) {
  auto minor = number >> 8 & 0xff;
  return std::to_string(number >> 16 & 0xff) + (minor < 10 ? ".0" : ".") + std::to_string(minor);
}

}  // namespace

std::string release_complaint(const std::string& plugin_file, unsigned long built, unsigned long interface) {
  auto name = release_name(built);
  auto ours = std::ranges::find(known, name, &KnownRelease::name);
  auto soname = interface >> 16;
  if (ours == known.end() || ours->soname == soname) return "";
  auto here = std::ranges::find(known, soname, &KnownRelease::soname);
  return plugin_file + " was built for Slurm " + name + ", and this is " +
         (here != known.end() ? "Slurm " + std::string(here->name)
                              : "a release with libslurm " + std::to_string(soname)) +
         ", which refuses it: install the one that was built for it (pyxis doctor shows both)";
}

}  // namespace pyxis::spank
