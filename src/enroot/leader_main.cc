// `pyxis-leader SOCKET [workdir]`: what enroot runs in a step's container. It hands the container's
// namespaces, environment and working directory to who listens on the socket, and stays, so that the
// container runs, until the other end is closed. It is linked statically: the image need not have anything.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "contract/step.h"
#include "image/root_config.h"

namespace {

using namespace pyxis;

// Children that an entry point has left are reaped by the kernel: that is what ignoring SIGCHLD means.
void ignore_signals() {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  for (int number = 1; number < NSIG; ++number)
    if (number != SIGSEGV && number != SIGBUS && number != SIGABRT) ::sigaction(number, &ignore, nullptr);
}

Result<Fd> connect_to(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) return sys_error(path, ENAMETOOLONG);
  std::strcpy(address.sun_path, path);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return sys_error(std::string("connect to ") + path);
  return socket;
}

Result<std::string> read_rc() {
  constexpr size_t most = 1 << 20;
  Fd file(::open("/etc/rc", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return errno == ENOENT ? Result<std::string>("") : sys_error("/etc/rc");
  std::string text(most, '\0');
  ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) return sys_error("/etc/rc");
  text.resize(static_cast<size_t>(got));
  return text;
}

// As rc does, which is left out.
Result<void> enter_image_workdir() {
  auto directory = parse_image_workdir(TRY(read_rc()));
  if (directory.empty()) return ok();
  for (size_t slash = 1; slash != directory.npos;) {
    slash = directory.find('/', slash + 1);
    (void)::mkdir(directory.substr(0, slash).c_str(), 0755);  // chdir tells
  }
  if (::chdir(directory.c_str()) != 0) return sys_error("the image's working directory " + directory);
  return ok();
}

Result<void> report(int socket) {
  Event event;
  event.kind = Event::Kind::started;
  std::array<char, PATH_MAX> directory;
  event.started.workdir = ::getcwd(directory.data(), directory.size()) ? directory.data() : "/";
  for (char** line = environ; *line; ++line) event.started.env.emplace_back(*line);
  std::vector<Fd> opened;
  std::vector<int> descriptors;
  for (const auto& [kind, name] : namespace_files) {
    if (kind == Namespace::pid) continue;  // no task can enter it
    auto path = std::string("/proc/self/ns/") + name;
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT) continue;  // a kernel without this kind
    if (!file) return sys_error(path);
    event.started.namespaces.push_back(kind);
    descriptors.push_back(file.get());
    opened.push_back(std::move(file));
  }
  return send_message(socket, event.encode(), descriptors);
}

// Who waits for the end of the output of an entry point must not wait for this process.
void let_go_of_output() {
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), standard);
}

Result<void> lead(const char* socket_path, bool in_image_workdir) {
  if (in_image_workdir) TRY(enter_image_workdir());
  auto socket = TRY(connect_to(socket_path));
  TRY(report(socket.get()));
  let_go_of_output();
  char byte;
  while (::read(socket.get(), &byte, 1) > 0) {
  }
  return ok();
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) return 2;
  ::prctl(PR_SET_NAME, "pyxis-leader");
  ignore_signals();
  auto done = lead(words[1], count > 2 && std::string_view(words[2]) == "workdir");
  if (done.ok()) return 0;
  std::fprintf(stderr, "%s\n", done.error().text().c_str());
  return 1;
}
