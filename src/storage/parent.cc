#include "storage/parent.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <vector>

#include "base/fs.h"
#include "base/passed_descriptors.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"
#include "sandbox/kernel_calls.h"
#include "sandbox/userns.h"
#include "storage/mount_order.h"

namespace pyxis {
namespace {

constexpr std::chrono::seconds keeper_patience{3};
constexpr size_t max_stack_bytes = 1u << 20;

bool is_hex(std::string_view text) {
  auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return (text.size() == 64 || text.size() == 128) && std::ranges::all_of(text, digit);
}

// No link is followed, whoever made it.
Result<Fd> open_strictly(int store, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Fd file(static_cast<int>(::syscall(SYS_openat2, store, path.c_str(), &how, sizeof how)));
  if (!file) return sys_error(path);
  return file;
}

bool granted(const MountService& service, const std::string& hex) {
  auto user = std::to_string(service.user);
  for (const auto* kind : {"grants/", "kept/"})
    if (open_strictly(service.store.get(), kind + user + "/" + hex, O_PATH).ok()) return true;
  return false;
}

// False where the mounts could not be sent: then the answer is that, and no more of them are to follow.
bool answer(int socket, MountAnswer message, std::span<const Fd> mounts) {
  iovec vector{&message, sizeof message};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  std::vector<int> descriptors;
  for (const auto& mount : mounts) descriptors.push_back(mount.get());
  PassedDescriptors passed;
  passed.attach(header, descriptors);
  if (::sendmsg(socket, &header, MSG_NOSIGNAL) >= 0) return true;
  if (!mounts.empty()) answer(socket, {errno, 0}, {});  // the keeper waits for one
  return false;
}

// One mount of the whole store over itself, in a mount namespace of this process.
Result<void> attach_layers(const std::string& path, int store, const Owner& owner, const Owner& user) {
  auto id_map = TRY(make_id_map(owner, user));
  if (::unshare(CLONE_NEWNS) != 0) return sys_error("make a mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return sys_error("make mounts private");
  auto directory = TRY(open_path(path, O_PATH | O_DIRECTORY));  // of this namespace
  struct stat here, there;
  if (::fstat(store, &there) != 0 || ::fstat(directory.get(), &here) != 0 || here.st_ino != there.st_ino ||
      here.st_dev != there.st_dev)
    return fail(path + " is another directory now");
  auto mount = TRY(mount_id_mapped(directory.get(), id_map.get()));
  if (kernel::move_mount(mount.get(), directory.get()) != 0) return sys_error("attach " + path);
  return ok();
}

// Only CAP_SYS_ADMIN, to clone mounts, and CAP_DAC_READ_SEARCH, to find directories that are the user's; both
// in the user namespace this process is in.
Result<void> keep_two_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  sets[0].effective = sets[0].permitted = 1u << CAP_SYS_ADMIN | 1u << CAP_DAC_READ_SEARCH;
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return sys_error("capset");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys_error("no_new_privs");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return sys_error("prctl");
  return ok();
}

Result<void> write_maps(pid_t pid, const Owner& owner, const Owner& user) {
  auto write = [&](const char* name, id_t first, id_t second) -> Result<void> {
    auto path = "/proc/" + std::to_string(pid) + "/" + name;
    auto file = TRY(open_path(path, O_WRONLY));
    TRY_CONTEXT(write_all(file.get(), id_map_line(0, first) + id_map_line(1, second)), path);
    return ok();
  };
  TRY(write("uid_map", owner.uid, user.uid));
  return write("gid_map", owner.gid, user.gid);
}

// Owned by the store's user: who owned it as the job's user would have all its capabilities. Another process,
// still root, writes the maps.
Result<void> enter_user_namespace(const Owner& owner, const Owner& user,
                                  const std::function<Result<void>()>& last_as_root) {
  auto entered = TRY(make_pipe());
  pid_t self = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return sys_error("fork");
  if (pid == 0) {
    entered.writer.reset();
    char word;
    bool go = ::read(entered.reader.get(), &word, 1) == 1;
    ::_exit(go && write_maps(self, owner, user).ok() && last_as_root().ok() ? 0 : 1);
  }
  Child mapper(pid);
  entered.reader.reset();
  if (::setgroups(0, nullptr) != 0 || ::setresgid(owner.gid, owner.gid, owner.gid) != 0 ||
      ::setresuid(owner.uid, owner.uid, owner.uid) != 0)
    return sys_error("become the store's user");
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return explain_namespace_error(errno, {Namespace::user, Namespace::mount});
  TRY(write_all(entered.writer.get(), "."));
  if (TRY(mapper.wait()) != 0)
    return fail(
        "the ids of the storage helper's namespace could not be mapped, or the user's directory not made");
  return keep_two_capabilities();
}

}  // namespace

Result<std::vector<Fd>> mount_image(const MountService& service, const std::string& hex) {
  if (!is_hex(hex)) return sys_error("no digest", EBADMSG);
  if (!granted(service, hex)) return sys_error("image " + hex, EACCES);
  auto stack = TRY(open_strictly(service.store.get(), "images/sha256/" + hex + "/stack", O_RDONLY));
  auto lines = split(trim(TRY(read_fd(stack.get(), max_stack_bytes))), '\n');
  std::vector<Fd> mounts;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    auto directory = TRY(open_strictly(service.layers.get(), std::string(*line), O_PATH | O_DIRECTORY));
    mounts.push_back(TRY_CONTEXT(clone_mount(directory.get()), std::string(*line)));
  }
  return mounts;
}

void serve_mounts(const MountService& service, int socket, int leash, pid_t keeper) {
  answer(socket, {}, {});
  std::array<char, max_hex_length + 1> order;
  for (;;) {
    std::array<pollfd, 2> watched{{{socket, POLLIN, 0}, {leash, POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      ::kill(keeper, SIGKILL);
      return;
    }
    if (watched[1].revents) {
      if (!readable_within(socket, keeper_patience)) ::kill(keeper, SIGKILL);
      return;
    }
    ssize_t got = ::recv(socket, order.data(), order.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    auto mounts = mount_image(service, std::string(order.data(), static_cast<size_t>(got)));
    if (!mounts.ok() || mounts->empty()) {
      answer(socket, {mounts.ok() || mounts.error().code == 0 ? EIO : mounts.error().code, 0}, {});
      continue;
    }
    std::span<const Fd> rest(*mounts);
    while (!rest.empty()) {
      auto now = rest.first(std::min(rest.size(), mounts_per_answer));
      rest = rest.subspan(now.size());
      if (!answer(socket, {0, static_cast<uint32_t>(rest.size())}, now)) break;
    }
  }
}

Result<MountService> become_mounter(const std::string& store_path, const Owner& owner, const Owner& user,
                                    const std::function<Result<void>()>& last_as_root) {
  MountService service;
  service.user = user.uid;
  service.store = TRY(open_path(store_path, O_PATH | O_DIRECTORY));
  TRY(attach_layers(store_path, service.store.get(), owner, user));
  TRY(enter_user_namespace(owner, user, last_as_root));
  service.layers = TRY(open_path(store_path, O_PATH | O_DIRECTORY));
  return service;
}

}  // namespace pyxis
