#include "sandbox/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace pyxis {
namespace {

using Data = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

Result<Data> get() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  Data data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return sys_error("capget");
  return data;
}

Result<void> set(const Data& data) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (::syscall(SYS_capset, &header, data.data()) != 0) return sys_error("capset");
  return ok();
}

// Calls `act` for every capability this kernel knows: PR_CAPBSET_READ fails beyond the last.
template <class Act>
Result<void> for_each_capability(Act act) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    if (act(capability) != 0) return sys_error("prctl for capability " + std::to_string(capability));
  return ok();
}

}  // namespace

Result<void> keep_capabilities_on_exec() {
  auto data = TRY(get());
  for (auto& part : data) part.inheritable = part.permitted;
  TRY(set(data));
  return for_each_capability([&](int capability) {
    bool held = (data[static_cast<size_t>(capability / 32)].permitted >> (capability % 32) & 1) != 0;
    return held ? ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) : 0;
  });
}

Result<void> drop_capabilities() {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
    return sys_error("clear ambient capabilities");
  TRY(for_each_capability([](int capability) { return ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0); }));
  return set({});
}

}  // namespace pyxis
