#include "engine/processes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "base/fs.h"
#include "base/text.h"
#include "engine/running.h"
#include "sandbox/sandbox.h"

namespace pyxis {
namespace {

unsigned long long namespace_inode(int pid, const char* kind) {
  struct stat info;
  auto path = "/proc/" + std::to_string(pid) + "/ns/" + kind;
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

struct RunningContainer {
  std::string name;
  unsigned long long pid_namespace = 0;  // 0: the host's
};

// By mount namespace.
Result<std::map<unsigned long long, RunningContainer>> running_by_namespace(const std::string& runtime_path) {
  std::map<unsigned long long, RunningContainer> containers;
  for (const auto& name : TRY(list_running(runtime_path))) {
    for (const auto& running : TRY(all_running(runtime_path, name))) {
      unsigned long long mount_namespace = 0, pid_namespace = 0;
      for (const auto& [kind, fd] : running.namespaces) {
        struct stat info;
        if (::fstat(fd.get(), &info) != 0) continue;
        if (kind == Namespace::mount) mount_namespace = info.st_ino;
        if (kind == Namespace::pid) pid_namespace = info.st_ino;
      }
      containers[mount_namespace] = {name, pid_namespace};
    }
  }
  return containers;
}

std::string clock_text(unsigned long long seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%02llu:%02llu:%02llu", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return text;
}

std::string time_of_day(time_t when) {
  std::tm parts{};
  ::localtime_r(&when, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%b%d %H:%M", &parts);
  return text;
}

time_t boot_time() {
  timespec since_boot;
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return ::time(nullptr) - since_boot.tv_sec;
}

// proc_pid_stat(5): state 3, utime 14, stime 15, starttime 22; counted after the name's closing parenthesis.
Result<ContainerProcess> describe(int pid) {
  auto stat = TRY(read_file("/proc/" + std::to_string(pid) + "/stat", 1 << 16));
  auto open = stat.find('('), close = stat.rfind(')');
  if (open == stat.npos || close == stat.npos) return sys_error("malformed /proc stat", EBADMSG);
  auto fields = split(std::string_view(stat).substr(close + 2), ' ');
  if (fields.size() < 20) return sys_error("malformed /proc stat", EBADMSG);
  auto ticks = static_cast<unsigned long long>(::sysconf(_SC_CLK_TCK));
  auto number = [&](size_t index) {
    return parse_number<unsigned long long>(fields[index]).value_or(0) / ticks;
  };
  ContainerProcess process;
  process.pid = pid;
  process.comm = stat.substr(open + 1, close - open - 1);
  process.state = fields[0];
  process.time = clock_text(number(11) + number(12));
  process.started = time_of_day(boot_time() + static_cast<time_t>(number(19)));
  auto command = read_file("/proc/" + std::to_string(pid) + "/cmdline", 1 << 20);
  process.command = command.ok() ? *command : "";
  while (process.command.ends_with('\0')) process.command.pop_back();
  std::replace(process.command.begin(), process.command.end(), '\0', ' ');
  process.mount_namespace = namespace_inode(pid, "mnt");
  process.user_namespace = namespace_inode(pid, "user");
  return process;
}

}  // namespace

Result<std::vector<ContainerProcess>> container_processes(const Settings& settings) {
  auto containers = TRY(running_by_namespace(settings.runtime_path));
  std::vector<ContainerProcess> processes;
  auto proc = TRY(open_path("/proc", O_RDONLY | O_DIRECTORY));
  for (const auto& entry : TRY(list_directory(proc.get()))) {
    auto pid = parse_number<int>(entry);
    if (!pid) continue;
    auto found = containers.find(namespace_inode(*pid, "mnt"));
    if (found == containers.end()) continue;
    // Who waits outside for a process with numbers of its own has only entered the mounts.
    const auto& [name, pid_namespace] = found->second;
    if (pid_namespace != 0 && namespace_inode(*pid, "pid") != pid_namespace) continue;
    auto process = describe(*pid);
    if (!process.ok()) continue;  // it ended meanwhile
    if (process->comm == sandbox_init_name) continue;
    process->container = name;
    processes.push_back(std::move(*process));
  }
  std::sort(processes.begin(), processes.end(), [](const auto& a, const auto& b) {
    return std::tie(a.container, a.pid) < std::tie(b.container, b.pid);
  });
  return processes;
}

}  // namespace pyxis
