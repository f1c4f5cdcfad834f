#include "engine/leftovers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"

namespace pyxis {
namespace {

bool lives_in(pid_t pid, const struct stat& mount_namespace) {
  struct stat own;
  return ::stat(("/proc/" + std::to_string(pid) + "/ns/mnt").c_str(), &own) == 0 &&
         own.st_ino == mount_namespace.st_ino && own.st_dev == mount_namespace.st_dev;
}

// Pidfds of the processes in the namespace. The pidfd comes first, so what is looked at is what is killed.
std::vector<Fd> processes_in(const struct stat& mount_namespace) {
  std::vector<Fd> found;
  auto proc = open_path("/proc", O_RDONLY | O_DIRECTORY);
  if (!proc.ok()) return found;
  auto names = list_directory(proc->get());
  if (!names.ok()) return found;
  for (const auto& name : *names) {
    auto pid = parse_number<pid_t>(name);
    if (!pid || *pid == ::getpid()) continue;
    if (!lives_in(*pid, mount_namespace)) continue;
    auto handle = open_pidfd(*pid);
    if (handle.ok() && lives_in(*pid, mount_namespace)) found.push_back(std::move(*handle));
  }
  return found;
}

}  // namespace

void kill_processes_in(int mount_namespace, const std::function<void()>& stuck) {
  struct stat wanted;
  if (::fstat(mount_namespace, &wanted) != 0) return;
  using namespace std::chrono_literals;
  constexpr auto patience = 2000ms;
  constexpr int rounds = 32;  // rounds: a process may fork while it is being looked for
  for (int round = 0; round < rounds; ++round) {
    auto processes = processes_in(wanted);
    if (processes.empty()) return;
    for (const auto& process : processes)
      ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
    bool all = true;
    for (const auto& process : processes) all = readable_within(process.get(), all ? patience : 0ms) && all;
    if (!all && stuck) stuck();
  }
}

}  // namespace pyxis
