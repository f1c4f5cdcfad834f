#include "enroot/cleanup.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"

namespace pyxis::enroot {
namespace {

constexpr std::chrono::seconds patience{10};

// True where the container was temporary and its owner is gone.
bool left_behind(const Notes& notes) {
  auto owner = notes.owner();
  return owner && !process_alive(*owner);
}

Result<void> clear_if_left_behind(const Tool& tool, const std::string& runtime_dir,
                                  const std::string& container) {
  auto notes = TRY(Notes::decide(runtime_dir, container));
  if (!TRY(notes.sole_user(Fd()))) return notes.decided();
  return left_behind(notes) ? clear_container(tool, notes, container, notes.made()) : notes.decided();
}

}  // namespace

void await_end(const Fd& pidfd) {
  if (readable_within(pidfd.get(), patience)) return;
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
  (void)readable_within(pidfd.get(), patience);
}

Result<void> clear_container(const Tool& tool, Notes& notes, const std::string& container, bool remove) {
  if (auto process = notes.process(); process && process_alive(*process))
    if (auto pidfd = open_pidfd(process->pid); pidfd.ok() && process_alive(*process)) await_end(*pidfd);
  TRY(notes.remove_staging());
  if (remove) TRY(tool.remove(container));
  return notes.forget();
}

Result<void> leave_container(Notes& notes) {
  return TRY(notes.sole_user(Fd())) ? notes.forget() : notes.decided();
}

Result<void> sweep(const Tool& tool, const std::string& runtime_dir) {
  for (const auto& container : TRY(noted_containers(runtime_dir)))
    TRY(clear_if_left_behind(tool, runtime_dir, container));
  return remove_forgotten(runtime_dir);
}

}  // namespace pyxis::enroot
