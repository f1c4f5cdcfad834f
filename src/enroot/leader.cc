#include "enroot/leader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/fs.h"
#include "base/pipe.h"
#include "engine/installation.h"

namespace pyxis::enroot {
namespace {

// The socket that is mounted in the container, where only the user can reach it.
Result<Fd> listen_in(const Notes& notes) {
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return sys_error("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, (fd_path(notes.directory()) + "/socket").c_str());
  ::unlinkat(notes.directory(), "socket", 0);
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 1) != 0)
    return sys_error("listen on " + notes.path() + "/socket");
  return socket;
}

// What is mounted in the container stays there; its name is of no use any more.
void remove_start_files(const Notes& notes) {
  for (const char* name : {"socket", "rc"}) ::unlinkat(notes.directory(), name, 0);
}

bool of_this_user(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

// The leader's report; it sends that at once.
Result<Joined> receive_report(int connection) {
  timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (!of_this_user(connection)) return fail("somebody else has connected in the leader's place");
  auto message = TRY_CONTEXT(receive_message(connection), "report of the leader in the container");
  auto event = TRY(Event::decode(message.body));
  if (event.started.namespaces.size() != message.descriptors.size())
    return sys_error("report of the leader in the container", EBADMSG);
  Joined joined;
  for (size_t i = 0; i < message.descriptors.size(); ++i)
    joined.namespaces.emplace_back(event.started.namespaces[i], std::move(message.descriptors[i]));
  joined.started = std::move(event.started);
  TRY(keep_foreign(joined.namespaces));
  return joined;
}

// One start, until the leader reports or enroot ends.
class LeaderStart {
 public:
  LeaderStart(Child process, Fd listener, Fd output, const EndSignals& signals,
              const std::function<void(const std::string&)>& print)
      : process_(std::move(process)),
        listener_(std::move(listener)),
        output_(std::move(output)),
        signals_(signals),
        print_(print) {}

  Result<Led> wait() {
    auto ended = TRY(open_pidfd(process_.pid()));
    for (;;) {
      std::array<pollfd, 4> events = {{{listener_.get(), POLLIN, 0},
                                       {ended.get(), POLLIN, 0},
                                       {signals_.fd(), POLLIN, 0},
                                       {open_ ? output_.get() : -1, POLLIN, 0}}};
      if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) return sys_error("poll");
      read_output();
      if (events[2].revents != 0) return cancel();
      if (events[0].revents != 0) return take(std::move(ended));
      if (events[1].revents != 0) return failure(TRY(process_.wait()));
    }
  }

 private:
  void read_output() {
    std::array<char, 4096> buffer;
    while (open_) {
      ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) break;
      open_ = got > 0;
      lines_.add({buffer.data(), static_cast<size_t>(got)});
    }
    for (const auto& line : lines_.take_new()) print_(line);
  }

  Result<Led> take(Fd pidfd) {
    Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return sys_error("accept");
    auto joined = receive_report(connection.get());
    if (!joined.ok()) {
      end_external_program(std::move(process_));
      return std::move(joined).error();
    }
    joined->leader = std::move(connection);
    joined->process = std::move(pidfd);
    return Led{std::move(*joined), std::move(process_), std::move(output_)};
  }

  Error cancel() {
    end_external_program(std::move(process_));
    return Error{"cancelled", {}, ECANCELED};
  }

  Error failure(int status) const {
    ProgramOutcome outcome{status, {}, lines_.all()};
    auto error = outcome.failure("enroot start");
    if (status == 0)
      error.message += "\nthe image's entry point has ended without running the command it was given";
    return error;
  }

  Child process_;
  Fd listener_, output_;
  const EndSignals& signals_;
  const std::function<void(const std::string&)>& print_;
  CollectedLines lines_;
  bool open_ = true;
};

}  // namespace

Result<Led> start_leader(const Tool& tool, const std::string& what, const StartRequest& request,
                         const Notes& notes, const EndSignals& signals,
                         const std::function<void(const std::string&)>& print) {
  if (signals.came()) return Error{"cancelled", {}, ECANCELED};
  Leader leader{TRY(installed_part("pyxis-leader")), notes.path() + "/socket", ""};
  auto listener = TRY(listen_in(notes));
  if (!request.entrypoint.value_or(false)) {
    TRY(write_file(notes.directory(), "rc", rc_without_entrypoint));
    leader.rc = notes.path() + "/rc";
  }
  auto output = TRY(make_polled_pipe());
  auto program = tool.program(start_command(what, request, leader));
  program.goes_with_caller = false;  // which ends when the container has started
  auto process = TRY(start_external_program(program, output.writer.get(), output.writer.get()));
  output.writer.reset();
  if (auto identity = identify_process(process.pid()); identity.ok()) TRY(notes.note_process(*identity));
  auto led =
      LeaderStart(std::move(process), std::move(listener), std::move(output.reader), signals, print).wait();
  remove_start_files(notes);
  if (!led.ok()) return led;
  auto& started = led->container.started;
  started.env = container_environment(tool.environment(), started.env);
  if (!request.workdir.empty()) started.workdir = request.workdir;
  return led;
}

}  // namespace pyxis::enroot
