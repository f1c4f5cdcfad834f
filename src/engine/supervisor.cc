#include "engine/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/fs.h"
#include "contract/answer.h"
#include "contract/task_environment.h"
#include "engine/background.h"
#include "engine/leftovers.h"
#include "store/containers.h"
#include "store/images.h"

namespace pyxis {
namespace {

void answer_started(int connection, const Supervised& supervised) {
  Event event;
  event.kind = Event::Kind::started;
  event.started = supervised.started;
  event.started.namespaces.clear();
  std::vector<int> descriptors;
  for (const auto& [kind, fd] : supervised.namespaces) {
    event.started.namespaces.push_back(kind);
    descriptors.push_back(fd.get());
  }
  (void)send_message(connection, event.encode(), descriptors);
}

// One request of one client. True: the step is over, end.
bool serve(int connection, const Supervised& supervised) {
  timeval limit{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  auto message = receive_message(connection);
  if (!message.ok()) return false;
  if (JoinRequest::decode(message->body).ok()) {
    answer_started(connection, supervised);
    return false;
  }
  auto finish = FinishRequest::decode(message->body);
  if (!finish.ok()) return false;
  return finish->control_socket.empty() ? supervised.creator && supervised.temporary
                                        : finish->control_socket == supervised.started.control_socket;
}

// Serves joiners until the leash is let go. Returns the connection of a FinishRequest that waits for its
// answer.
Fd serve_until_released(const Supervised& supervised, int listener, RunningEntrypoint* entrypoint) {
  for (;;) {
    std::array<pollfd, 3> watched{{{supervised.leash.get(), POLLIN, 0},
                                   {listener, POLLIN, 0},
                                   {entrypoint ? entrypoint->output() : -1, POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[2].revents) entrypoint->drop_output();
    if (watched[1].revents) {
      Fd connection(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
      if (connection && serve(connection.get(), supervised)) return connection;
    }
    // Nobody writes to the leash, so readable means closed.
    if (watched[0].revents) return Fd();
  }
}

void answer_finished(const Fd& finisher) {
  if (!finisher) return;
  Event event;
  event.kind = Event::Kind::finished;
  (void)send_message(finisher.get(), event.encode());
}

void forget_running(const Store& store, const Supervised& supervised, const RunningDirectory& directory) {
  // Whoever holds the name's lock is about to listen there: then the directory stays.
  auto name_lock = try_lock_container_name(store, supervised.container);
  if (!name_lock.ok() || !*name_lock) return;
  (void)directory.remove_if_unused();
  if (supervised.temporary) discard_name_lock(store, supervised.container);
}

constexpr std::chrono::seconds patience{5};

// The init is no child of this process.
void end_own_pids(OwnPids& own_pids) {
  if (!own_pids.leash) return;
  auto init = open_pidfd(own_pids.init.release());
  own_pids.leash.reset();
  if (init.ok()) (void)readable_within(init->get(), patience);
}

// Whoever waits for its answers gets an error.
void kill_server(const ServedImage& server) {
  if (server.process) (void)::syscall(SYS_pidfd_send_signal, server.process.get(), SIGKILL, nullptr, 0);
}

// Nobody reads the image file any more when this is over. A hostile one may keep its server busy.
void end_server(const ServedImage& server) {
  if (!server.socket || readable_within(server.socket.get(), patience)) return;
  kill_server(server);
  (void)readable_within(server.socket.get(), patience);
}

std::string encode_changes(const Started& started) {
  MessageWriter writer;
  writer.texts(started.env);
  writer.texts(started.env_unset);
  writer.text(started.workdir);
  return writer.take();
}

// Nothing, where it did not get to its command: then the engine has been told so, or is gone.
std::optional<RunningEntrypoint> run_entrypoint(Supervised& supervised, int listener) {
  int socket = supervised.entrypoint_socket.get();
  auto given = Environment::from(supervised.entrypoint->command.environment);
  auto running = RunningEntrypoint::start(supervised.namespaces, std::move(*supervised.entrypoint));
  auto handover = running.ok() ? running->await(socket, listener) : Result<Handover>(running.error());
  if (!handover.ok()) {
    tell_entrypoint_done(socket, std::move(handover).error());
    return std::nullopt;
  }
  adopt_changes(supervised.started, given, handover->environment);
  if (!supervised.workdir_chosen) supervised.started.workdir = handover->workdir;
  tell_entrypoint_done(socket, encode_changes(supervised.started));
  supervised.entrypoint_socket.reset();
  return std::move(*running);
}

void clear_up(const Store& store, Supervised& supervised, const RunningDirectory& directory,
              const Fd& finisher, RunningEntrypoint* entrypoint) {
  // Before the question who else is there: of two that end at once, the last one then sees it.
  if (supervised.creator && supervised.temporary) abandon_container(store, supervised.container);
  auto alone = sole_user(supervised.use);
  if (!alone.ok() || !*alone) {  // another step joined: its supervisor is the last one
    supervised.use.reset();
    return answer_finished(finisher);
  }
  // Its server reads nothing ahead any more.
  const auto& server = supervised.image_server;
  if (server.socket) ::shutdown(server.socket.get(), SHUT_WR);
  bool remove = supervised.temporary;
  if (auto left = ownerless(store, supervised.container); left.ok() && *left) remove = true;
  if (entrypoint) entrypoint->end(patience);
  for (const auto& [kind, fd] : supervised.namespaces)
    if (kind == Namespace::mount) kill_processes_in(fd.get(), [&] { kill_server(server); });
  end_own_pids(supervised.own_pids);
  // A named container is at rest only once its mounts are gone, which takes the kernel some milliseconds.
  // Nobody will start a temporary one again: its files can go under the mount.
  if (!remove || server.socket) supervised.namespaces.clear();
  end_server(server);
  supervised.use.reset();
  if (remove) (void)remove_container(store, supervised.container);
  forget_running(store, supervised, directory);
  answer_finished(finisher);
}

[[noreturn]] void run_supervisor(const Store& store, Supervised supervised, const RunningDirectory& directory,
                                 const RunningDirectory::Listener& listener) {
  for (int fd : supervised.not_kept) ::close(fd);
  ignore_signals();
  detach_from_task("pyxis-container");
  std::optional<RunningEntrypoint> entrypoint;
  Fd finisher;
  if (supervised.entrypoint) entrypoint = run_entrypoint(supervised, listener.socket.get());
  if (!supervised.entrypoint || entrypoint) {
    // Writing the new layers to disk may take long; joiners must not wait for it.
    std::thread durable([&] { (void)make_image_durable(store, supervised.image); });
    durable.detach();
    finisher = serve_until_released(supervised, listener.socket.get(), entrypoint ? &*entrypoint : nullptr);
  }
  directory.remove(listener);
  auto importer = std::move(supervised.importer);
  clear_up(store, supervised, directory, finisher, entrypoint ? &*entrypoint : nullptr);
  if (importer) (void)importer->release();
  if (supervised.farewell) write_answer(supervised.farewell.get(), ok());
  ::_exit(0);
}

}  // namespace

Result<void> take_entrypoint_changes(const std::string& outcome, Started& started) {
  MessageReader reader(outcome);
  started.env = TRY(reader.texts());
  started.env_unset = TRY(reader.texts());
  started.workdir = TRY(reader.text());
  return ok();
}

Result<pid_t> start_supervisor(const Store& store, Supervised supervised, const RunningDirectory& directory,
                               RunningDirectory::Listener listener) {
  pid_t pid = ::fork();
  if (pid < 0) return sys_error("fork");
  if (pid == 0) run_supervisor(store, std::move(supervised), directory, listener);
  supervised.own_pids.init.release();  // the supervisor's affair now
  return pid;
}

}  // namespace pyxis
