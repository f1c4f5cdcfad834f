#include "enroot/supervisor.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/fs.h"
#include "contract/answer.h"
#include "engine/background.h"
#include "engine/leftovers.h"
#include "enroot/cleanup.h"

namespace pyxis::enroot {
namespace {

class Supervisor {
 public:
  Supervisor(const Tool& tool, Supervised supervised) : tool_(tool), self_(std::move(supervised)) {}

  void serve_until_released(int listener) {
    std::array<pollfd, 3> watched{
        {{self_.leash.get(), POLLIN, 0}, {listener, POLLIN, 0}, {self_.output.get(), POLLIN, 0}}};
    for (;;) {
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[1].revents != 0) serve(Fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)));
      if (watched[2].revents != 0 && !drain()) watched[2].fd = -1;
      if (watched[0].revents != 0) return;  // nobody writes to the leash, so readable means closed
    }
  }

  // The container is at rest afterwards, or gone, unless other steps are in it.
  Result<void> clear_up(const RunningDirectory& directory) {
    const auto& request = self_.request;
    auto notes = TRY(Notes::decide(request.runtime_dir, request.container));
    bool alone = self_.use && TRY(notes.sole_user(self_.use));
    if (alone) end_container();
    bool made_here = !self_.joined.started.attached;
    let_go();
    if (!request.importer.empty() && made_here)
      (void)ExternalImporter(request.importer, tool_.environment().lines()).release();
    if (alone) {
      (void)directory.remove_if_unused();
      TRY(clear_container(tool_, notes, request.container, notes.owner() && notes.made()));
    } else {
      self_.use.reset();
      TRY(leave_container(notes));
    }
    return ok();
  }

 private:
  void serve(const Fd& connection) {
    timeval limit{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    auto message = receive_message(connection.get());
    if (!message.ok()) return;
    bool share = message->body == share_request;
    if (!share && !JoinRequest::decode(message->body).ok()) return;
    std::vector<int> descriptors;
    auto body = encode_started(self_.joined, descriptors);
    if (share && self_.joined.leader) descriptors.push_back(self_.joined.leader.get());
    if (share && self_.joined.process) descriptors.push_back(self_.joined.process.get());
    (void)send_message(connection.get(), body, descriptors);
  }

  // False at the end of the output.
  bool drain() const {
    std::array<char, 4096> unwanted;
    ssize_t got = ::read(self_.output.get(), unwanted.data(), unwanted.size());
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
  }

  void end_container() {
    self_.joined.leader.reset();
    if (self_.joined.process) await_end(self_.joined.process);
    for (const auto& [kind, fd] : self_.joined.namespaces)
      if (kind == Namespace::mount) kill_processes_in(fd.get());
  }

  void let_go() {
    self_.joined = {};
    self_.output.reset();
  }

  const Tool& tool_;
  Supervised self_;
};

[[noreturn]] void run_supervisor(const Tool& tool, Supervised supervised, const RunningDirectory& directory,
                                 const RunningDirectory::Listener& listener) {
  ::close(contract_socket_fd);
  for (int fd : supervised.not_kept) ::close(fd);
  ignore_signals();
  detach_from_task("pyxis-container");
  auto farewell = std::move(supervised.farewell);
  Supervisor supervisor(tool, std::move(supervised));
  supervisor.serve_until_released(listener.socket.get());
  directory.remove(listener);
  auto done = supervisor.clear_up(directory);
  if (farewell) write_answer(farewell.get(), done);
  ::_exit(0);
}

}  // namespace

Result<void> start_supervisor(const Tool& tool, Supervised supervised, const RunningDirectory& directory,
                              RunningDirectory::Listener listener) {
  pid_t pid = ::fork();
  if (pid < 0) return sys_error("fork");
  if (pid == 0) run_supervisor(tool, std::move(supervised), directory, listener);
  return ok();
}

}  // namespace pyxis::enroot
