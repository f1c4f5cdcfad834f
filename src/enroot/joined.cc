#include "enroot/joined.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/environment.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"
#include "enroot/command_line.h"

namespace pyxis::enroot {
namespace {

const char* file_of(Namespace kind) {
  return std::ranges::find(namespace_files, kind, [](const auto& each) { return each.first; })->second;
}

bool own(Namespace kind, int fd) {
  struct stat ours, theirs;
  return ::stat((std::string("/proc/self/ns/") + file_of(kind)).c_str(), &ours) == 0 &&
         ::fstat(fd, &theirs) == 0 && ours.st_ino == theirs.st_ino;
}

bool ended(const Fd& pidfd) {
  return readable_within(pidfd.get(), std::chrono::milliseconds(0));
}

// What belongs to a process that ends while it is looked at is not there.
bool gone(const Error& error) {
  return error.code == ENOENT || error.code == ESRCH;
}

Result<Joined> look_at(pid_t pid) {
  auto proc = TRY(open_path("/proc/" + std::to_string(pid), O_PATH | O_DIRECTORY));
  Joined joined;
  for (const auto& [kind, name] : namespace_files) {
    if (kind == Namespace::pid) continue;  // no task can enter it
    auto file = open_at(proc.get(), std::string("ns/") + name, O_RDONLY);
    if (file.ok())
      joined.namespaces.emplace_back(kind, std::move(*file));
    else if (kind == Namespace::user || kind == Namespace::mount)
      return std::move(file).error();
  }
  joined.started.env = container_environment({}, split(TRY(read_file(proc.get(), "environ")), '\0'));
  joined.started.workdir = "/";
  return joined;
}

// The inodes that the listing names are those of these namespaces.
bool as_listed(const ListedProcess& listed, const Joined& joined) {
  return std::ranges::all_of(joined.namespaces, [&](const auto& each) {
    struct stat info;
    bool told = each.first == Namespace::user || each.first == Namespace::mount;
    return !told || (::fstat(each.second.get(), &info) == 0 && listed.mentions(info.st_ino));
  });
}

}  // namespace

Result<void> keep_foreign(std::vector<std::pair<Namespace, Fd>>& namespaces) {
  std::erase_if(namespaces, [](const auto& each) { return own(each.first, each.second.get()); });
  for (auto wanted : {Namespace::user, Namespace::mount})
    if (std::ranges::find(namespaces, wanted, [](const auto& each) -> Namespace { return each.first; }) ==
        namespaces.end())
      return fail(std::string("enroot has started no container: the ") + file_of(wanted) +
                  " namespace is the node's own");
  return ok();
}

std::string supervisors_path(const std::string& runtime_dir) {
  return runtime_dir + "/enroot";
}

std::string encode_started(const Joined& joined, std::vector<int>& descriptors) {
  Event event;
  event.kind = Event::Kind::started;
  event.started = joined.started;
  event.started.namespaces.clear();
  for (const auto& [kind, fd] : joined.namespaces) {
    event.started.namespaces.push_back(kind);
    descriptors.push_back(fd.get());
  }
  return event.encode();
}

Result<std::optional<Joined>> share_supervised(const std::string& runtime_dir, const std::string& container) {
  std::optional<Joined> shared;
  auto directory = TRY(RunningDirectory::find(supervisors_path(runtime_dir), container));
  if (!directory) return shared;
  TRY(directory->visit([&](int connection) {
    if (!send_message(connection, share_request).ok()) return false;
    auto answer = receive_message(connection);
    if (!answer.ok()) return false;  // it ended between connect and answer: as good as not running
    auto event = Event::decode(answer->body);
    if (!event.ok() || event->kind != Event::Kind::started) return false;
    size_t count = event->started.namespaces.size();
    if (answer->descriptors.size() < count) return false;
    Joined found;
    for (size_t i = 0; i < count; ++i)
      found.namespaces.emplace_back(event->started.namespaces[i], std::move(answer->descriptors[i]));
    if (answer->descriptors.size() > count) found.leader = std::move(answer->descriptors[count]);
    if (answer->descriptors.size() > count + 1) found.process = std::move(answer->descriptors[count + 1]);
    found.started = std::move(event->started);
    shared = std::move(found);
    return true;
  }));
  return shared;
}

Result<std::optional<Joined>> join_listed(const ListedProcess& listed) {
  auto pidfd = open_pidfd(listed.pid);
  if (!pidfd.ok() && gone(pidfd.error())) return std::optional<Joined>();
  if (!pidfd.ok()) return std::move(pidfd).error();
  auto joined = look_at(listed.pid);
  // Alive after all has been opened: it was this process's.
  if (ended(*pidfd) || (!joined.ok() && gone(joined.error()))) return std::optional<Joined>();
  if (!joined.ok()) return std::move(joined).error();
  if (!as_listed(listed, *joined)) return std::optional<Joined>();
  TRY(keep_foreign(joined->namespaces));
  return std::optional<Joined>(std::move(*joined));
}

}  // namespace pyxis::enroot
