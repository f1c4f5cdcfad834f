#include "engine/running.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

#include "base/fs.h"
#include "engine/runtime_directory.h"
#include "image/digest.h"

namespace pyxis {
namespace {

// "/proc/self/fd/N/NAME": short enough for sun_path however deep the directory lies.
sockaddr_un address_of(int dir, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto path = fd_path(dir) + "/" + name;
  std::memcpy(address.sun_path, path.c_str(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

// A peer that hangs must not hang us: answers take microseconds.
void set_deadline(int socket) {
  timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Result<Fd> open_running(const std::string& runtime_path) {
  auto runtime = TRY(open_runtime_directory(runtime_path));
  return make_directory_at(runtime.get(), "running", 0700);
}

// Nothing where the supervisor ended between connect and answer: as good as not running.
std::optional<JoinedContainer> ask_for_container(int connection) {
  if (!send_message(connection, JoinRequest{}.encode()).ok()) return std::nullopt;
  auto answer = receive_message(connection);
  if (!answer.ok()) return std::nullopt;
  auto event = Event::decode(answer->body);
  if (!event.ok() || event->kind != Event::Kind::started ||
      event->started.namespaces.size() != answer->descriptors.size())
    return std::nullopt;
  JoinedContainer found;
  for (size_t i = 0; i < answer->descriptors.size(); ++i)
    found.namespaces.emplace_back(event->started.namespaces[i], std::move(answer->descriptors[i]));
  found.started = std::move(event->started);
  found.started.namespaces.clear();  // said by found.namespaces; a message gets its own list
  return found;
}

// One supervisor after the other, until `enough` is true of an answer.
template <class Enough>
Result<void> ask_all(const std::string& runtime_path, const std::string& container, Enough&& enough) {
  auto directory = TRY(RunningDirectory::find(runtime_path, container));
  if (!directory) return ok();
  TRY(directory->visit([&](int connection) {
    auto answer = ask_for_container(connection);
    return answer && enough(std::move(*answer));
  }));
  return ok();
}

}  // namespace

Result<RunningDirectory> RunningDirectory::open(const std::string& runtime_path,
                                                const std::string& container) {
  auto running = TRY(open_running(runtime_path));
  RunningDirectory directory;
  directory.hex_ = Digest::of(container).hex();
  directory.path_ = runtime_path + "/running/" + directory.hex_;
  directory.dir_ = TRY(make_directory_at(running.get(), directory.hex_, 0700));
  directory.running_ = std::move(running);
  if (::faccessat(directory.dir_.get(), "name", F_OK, 0) != 0)
    TRY(write_file(directory.dir_.get(), "name", container, 0600));
  return directory;
}

Result<std::optional<RunningDirectory>> RunningDirectory::find(const std::string& runtime_path,
                                                               const std::string& container) {
  auto path = runtime_path + "/running/" + Digest::of(container).hex();
  if (::access(path.c_str(), F_OK) != 0) return std::optional<RunningDirectory>();
  return std::optional<RunningDirectory>(TRY(open(runtime_path, container)));
}

Result<RunningDirectory::Listener> RunningDirectory::listen() const {
  Listener listener;
  auto now =
      std::chrono::steady_clock::now().time_since_epoch().count();  // pids come round again, this does not
  listener.name = std::to_string(::getpid()) + "-" + std::to_string(now) + ".sock";
  listener.path = path_ + "/" + listener.name;
  listener.socket.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.socket) return sys_error("socket");

  // Under its own name only once it listens: until then it refuses, and who is refused removes the file.
  auto unfinished = listener.name + ".new";
  auto address = address_of(dir_.get(), unfinished);
  if (::bind(listener.socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return sys_error("listen on " + listener.path);
  if (::listen(listener.socket.get(), SOMAXCONN) != 0 ||
      ::renameat(dir_.get(), unfinished.c_str(), dir_.get(), listener.name.c_str()) != 0) {
    auto error = sys_error("listen on " + listener.path);
    ::unlinkat(dir_.get(), unfinished.c_str(), 0);
    return error;
  }
  return listener;
}

void RunningDirectory::remove(const Listener& listener) const {
  ::unlinkat(dir_.get(), listener.name.c_str(), 0);
}

Result<void> RunningDirectory::remove_if_unused() const {
  if (!TRY(sockets()).empty()) return ok();
  return remove_tree(running_.get(), hex_);
}

Result<std::vector<std::string>> RunningDirectory::sockets() const {
  std::vector<std::string> names;
  for (auto& name : TRY(list_directory(dir_.get())))
    if (name.ends_with(".sock")) names.push_back(std::move(name));
  return names;
}

std::optional<Fd> RunningDirectory::connect(const std::string& name) const {
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return std::nullopt;
  auto address = address_of(dir_.get(), name);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ECONNREFUSED) ::unlinkat(dir_.get(), name.c_str(), 0);
    return std::nullopt;
  }
  set_deadline(socket.get());
  return socket;
}

Result<std::optional<JoinedContainer>> join_running(const std::string& runtime_path,
                                                    const std::string& container) {
  std::optional<JoinedContainer> joined;
  TRY(ask_all(runtime_path, container, [&](JoinedContainer one) {
    joined = std::move(one);
    return true;
  }));
  return joined;
}

Result<std::vector<JoinedContainer>> all_running(const std::string& runtime_path,
                                                 const std::string& container) {
  std::vector<JoinedContainer> all;
  TRY(ask_all(runtime_path, container, [&](JoinedContainer one) {
    all.push_back(std::move(one));
    return false;
  }));
  return all;
}

Result<std::vector<std::string>> list_running(const std::string& runtime_path) {
  std::vector<std::string> names;
  auto runtime = find_runtime_directory(runtime_path);
  if (!runtime.ok()) return names;  // nothing of ours is in there
  auto running = open_at(runtime->get(), "running", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!running.ok()) return names;
  for (const auto& hex : TRY(list_directory(running->get()))) {
    auto name = read_file(running->get(), hex + "/name", 4096);
    if (!name.ok()) continue;
    auto directory = TRY(RunningDirectory::find(runtime_path, *name));
    if (directory && TRY(directory->visit([](int) { return true; }))) names.push_back(*name);
  }
  return names;
}

}  // namespace pyxis
