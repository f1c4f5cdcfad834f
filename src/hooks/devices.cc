#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "base/fs.h"
#include "base/text.h"
#include "hooks/hook.h"

namespace pyxis {
namespace {

struct Link {
  const char *name, *target;
};

Result<void> link_devices(int rootfs) {
  constexpr std::array<Link, 4> links = {{{"fd", "/proc/self/fd"},
                                          {"stdin", "/proc/self/fd/0"},
                                          {"stdout", "/proc/self/fd/1"},
                                          {"stderr", "/proc/self/fd/2"}}};
  auto dev = TRY(open_in_root(rootfs, "dev", O_PATH | O_DIRECTORY));
  for (const auto& link : links)
    if (::symlinkat(link.target, dev.get(), link.name) != 0 && errno != EEXIST)
      return sys_error(std::string("make the link /dev/") + link.name);
  return ok();
}

}  // namespace

// Terminals and shared memory are the node's: those of the tasks, and what ranks of a node share.
Result<void> restrict_devices(HookContext& context) {
  if (!parse_bool(context.host.get_or("ENROOT_RESTRICT_DEV", "no")).value_or(true)) return ok();
  TRY(context.mount({"none", "/dev", "none", {"x-detach", "nofail", "silent"}}));
  TRY(context.mount(
      {"tmpfs", "/dev", "tmpfs", {"x-create=dir", "nosuid", "noexec", "mode=755", "size=64k"}}));
  for (const auto* name : {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}) {
    auto path = std::string("/dev/") + name;
    TRY(context.mount({path, path, "none", {"x-create=file", "bind", "nosuid", "noexec", "nofail"}}));
  }
  for (const auto* name : {"pts", "shm", "mqueue"}) {
    auto path = std::string("/dev/") + name;
    TRY(context.mount({path, path, "none", {"x-create=dir", "rbind", "nosuid", "noexec", "nofail"}}));
  }
  return link_devices(context.rootfs);
}

}  // namespace pyxis
