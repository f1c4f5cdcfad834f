#include "doctor/ordinary_user.h"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox/child_report.h"
#include "sandbox/userns.h"

namespace pyxis::doctor {
namespace {

constexpr uid_t nobody = 65534;

// The file system's own view of /proc/self belongs to root until the process may be dumped again.
Result<void> become_nobody() {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(nobody, nobody, nobody) != 0 ||
      ::setresuid(nobody, nobody, nobody) != 0)
    return sys_error("become nobody");
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return sys_error("prctl(PR_SET_DUMPABLE)");
  return ok();
}

Result<void> in_child(const std::vector<Namespace>& kinds, const std::function<Result<void>()>& work) {
  auto child = TRY(start_namespace_child(kinds, [&]() -> Result<ChildAnswer> {
    TRY(work());
    return ChildAnswer();
  }));
  TRY(child.answer());
  TRY(child.process.wait());
  return ok();
}

}  // namespace

Result<void> as_ordinary_user(const Context& context, const std::function<Result<void>()>& work) {
  return in_child({}, [&]() -> Result<void> {
    if (context.is_root()) TRY(become_nobody());
    return work();
  });
}

std::string ordinary_user(const Context& context) {
  return context.is_root() ? "the user nobody" : "this user";
}

Result<void> in_namespaces(const std::function<Result<void>()>& work) {
  auto map = own_id_map(false);
  return in_child({Namespace::user, Namespace::mount}, [&]() -> Result<void> {
    TRY(write_own_id_map(map));
    return work();
  });
}

}  // namespace pyxis::doctor
