#include "sandbox/fuse_mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fs.h"
#include "contract/message.h"

namespace pyxis {
namespace {

constexpr auto device_path = "/dev/fuse";

Error explain_device(Error error) {
  if (error.code == ENOENT || error.code == ENODEV) error.remedy = "load the kernel's module: modprobe fuse";
  if (error.code == EACCES || error.code == EPERM)
    error.remedy = "let everybody open it, as it is meant to be: chmod 666 /dev/fuse";
  return error;
}

Result<Fd> open_device() {
  auto device = open_path(device_path, O_RDWR);
  if (!device.ok()) return explain_device(std::move(device).error());
  return device;
}

}  // namespace

Result<void> check_fuse() {
  TRY(open_device());
  return ok();
}

Result<void> mount_served(const std::string& name, int server, const std::string& directory) {
  auto device = TRY(open_device());
  // Ids as they are in this user namespace; rootmode is S_IFDIR in octal.
  auto options = "fd=" + std::to_string(device.get()) +
                 ",rootmode=40000,user_id=" + std::to_string(::geteuid()) +
                 ",group_id=" + std::to_string(::getegid()) + ",default_permissions";
  if (::mount(name.c_str(), directory.c_str(), "fuse", MS_RDONLY | MS_NOSUID | MS_NODEV, options.c_str()) !=
      0) {
    auto error = sys_error("mount " + name);
    if (error.code == EPERM)
      error.remedy = "this kernel does not let users mount FUSE: Linux 4.18 or later does";
    return error;
  }
  auto top = TRY(open_path(directory, O_PATH | O_DIRECTORY));
  TRY_CONTEXT(send_message(server, {}, {device.get(), top.get()}), "hand " + name + " to its server");
  return ok();
}

}  // namespace pyxis
