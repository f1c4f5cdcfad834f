#include "doctor/knobs.h"

#include <algorithm>
#include <array>

namespace pyxis::doctor {
namespace {

// The value that blocks, and the one that does not.
struct KnobRow {
  const char* name;
  long long blocks, opens;
};
constexpr long long enough_namespaces = 65536;
constexpr std::array<KnobRow, 4> rows = {{
    {"user.max_user_namespaces", 0, enough_namespaces},
    {"user.max_mnt_namespaces", 0, enough_namespaces},
    {"kernel.unprivileged_userns_clone", 0, 1},
    {"kernel.apparmor_restrict_unprivileged_userns", 1, 0},
}};

}  // namespace

std::string sysctl_remedy(const std::string& name, long long value) {
  auto setting = name + "=" + std::to_string(value);
  return "run: sysctl -w " + setting + " (to keep it: echo " + setting + " >>/etc/sysctl.d/90-pyxis.conf)";
}

std::vector<Knob> blocking_knobs(const Context& context) {
  std::vector<Knob> knobs;
  for (const auto& row : rows) {
    std::string path = "/proc/sys/" + std::string(row.name);
    std::ranges::replace(path, '.', '/');
    auto value = number_in(context, path);
    if (value == row.blocks) knobs.push_back({row.name, *value, sysctl_remedy(row.name, row.opens)});
  }
  if (number_in(context, "/sys/fs/selinux/enforce") == 1)
    knobs.push_back({"SELinux enforcing", 1,
                     "run: ausearch -m avc -ts recent | audit2allow -w (why SELinux refuses it)"});
  return knobs;
}

}  // namespace pyxis::doctor
