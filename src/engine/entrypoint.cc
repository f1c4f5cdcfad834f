#include "engine/entrypoint.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/text.h"
#include "engine/import_news.h"

namespace pyxis {
namespace {

constexpr size_t longest_output = 64 << 10;

// A copy that lives on in the program that is executed, out of the way of what scripts number themselves.
Result<int> inherited(const Fd& fd) {
  constexpr int out_of_the_way = 64;
  int copy = ::fcntl(fd.get(), F_DUPFD, out_of_the_way);
  if (copy < 0) copy = ::fcntl(fd.get(), F_DUPFD, STDERR_FILENO + 1);
  if (copy < 0) return sys_error("dup");
  return copy;
}

// What a program in the container is given to speak with the supervisor. The paths lead through the entry
// point's own process, so they work as well for programs that it starts without descriptors.
struct Lines {
  Pipe output, handover, hold;

  Result<void> set_up(Entrypoint& entrypoint) const {
    reset_signals();
    auto null = TRY(open_path("/dev/null", O_RDONLY));
    for (auto [fd, number] : {std::pair{null.get(), STDIN_FILENO},
                              {output.writer.get(), STDOUT_FILENO},
                              {output.writer.get(), STDERR_FILENO}})
      if (::dup2(fd, number) < 0) return sys_error("dup");
    auto own = "/proc/" + std::to_string(::getpid()) + "/fd/";
    for (const Fd* fd : std::initializer_list<const Fd*>{&entrypoint.program, &handover.writer, &hold.reader})
      entrypoint.init.command.push_back(own + std::to_string(TRY(inherited(*fd))));
    return ok();
  }
};

Result<void> complete_command(const Lines& lines, Entrypoint& entrypoint, SandboxCommand& inside) {
  TRY(lines.set_up(entrypoint));
  auto root = TRY(open_path("/", O_PATH | O_DIRECTORY));
  auto config = TRY(container_config(entrypoint.recorded, entrypoint.host, root.get()));
  auto init = TRY(find_init_program(config, entrypoint.init, root.get()));
  inside.program = std::move(init.program);
  inside.argv = std::move(init.argv);
  return ok();
}

Error cannot_be_executed(Error error, const std::string& name) {
  if (error.code == ENOENT)
    error.remedy = "the image does not have it, or not the interpreter in its first line";
  if (error.code == EACCES) error.remedy = "the image has it without permission to execute: chmod +x there";
  if (error.code == ENOEXEC)
    error.remedy =
        "it is a program for another architecture, or a script whose first line names no interpreter";
  return std::move(error).context("entry point " + name);
}

}  // namespace

Result<RunningEntrypoint> RunningEntrypoint::start(const NamespaceSet& namespaces, Entrypoint entrypoint) {
  Lines lines;
  for (auto* pipe : {&lines.output, &lines.handover, &lines.hold}) *pipe = TRY(make_pipe());
  auto command = std::move(entrypoint.command);
  command.complete = [&](SandboxCommand& inside) { return complete_command(lines, entrypoint, inside); };
  auto process = start_in_sandbox(namespaces, command);
  if (!process.ok()) return cannot_be_executed(std::move(process).error(), entrypoint.name);
  RunningEntrypoint running;
  running.name_ = entrypoint.name;
  running.log_ = entrypoint.log;
  running.process_ = std::move(*process);
  if (auto pidfd = open_pidfd(running.process_.pid()); pidfd.ok()) running.pidfd_ = std::move(*pidfd);
  running.output_ = std::move(lines.output.reader);
  running.handover_ = std::move(lines.handover.reader);
  running.hold_ = std::move(lines.hold.writer);
  for (int fd : {running.output_.get(), running.handover_.get()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return running;
}

Result<Handover> RunningEntrypoint::await(int socket, int listener) {
  constexpr size_t handover = 0, output = 1, process = 2, other_end = 3, joiner = 4;
  for (bool ended = false; !ended;) {
    std::array<pollfd, 5> events = {{{handover_ ? handover_.get() : -1, POLLIN, 0},
                                     {this->output(), POLLIN, 0},
                                     {pidfd_ ? pidfd_.get() : -1, POLLIN, 0},
                                     {socket, POLLIN, 0},
                                     {listener, POLLIN, 0}}};
    if (::poll(events.data(), events.size(), -1) < 0) continue;
    if (events[joiner].revents != 0) Fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (events[other_end].revents != 0) return sys_error("entry point " + name_, ECANCELED);
    ended = events[process].revents != 0;
    if (events[output].revents != 0 || ended) read_output(socket);
    if (events[handover].revents == 0 && !ended) continue;
    if (auto complete = TRY(read_handover())) return std::move(*complete);
    // Without a pidfd (before Linux 5.3) its end shows by that of the pipe.
    ended |= !handover_ && !pidfd_;
  }
  return ended_early();
}

Result<std::optional<Handover>> RunningEntrypoint::read_handover() {
  constexpr std::string_view end_mark("\0\0", 2);
  if (handover_ && !take_available(handover_.get(), [&](std::string_view bytes) { received_ += bytes; }))
    handover_.reset();
  if (received_.size() > max_read_bytes) return sys_error("environment of entry point " + name_, EMSGSIZE);
  if (!received_.ends_with(end_mark)) return std::optional<Handover>();
  handover_.reset();
  auto texts = split(std::string_view(received_).substr(0, received_.size() - end_mark.size()), '\0');
  Handover complete;
  complete.workdir = texts.front();
  texts.erase(texts.begin());
  complete.environment = Environment::from(texts);
  return std::optional(std::move(complete));
}

void RunningEntrypoint::read_output(int socket) {
  if (output_ && !take_available(output_.get(), [&](std::string_view bytes) { said_ += bytes; }))
    output_.reset();
  for (size_t end; log_ && (end = said_.find('\n')) != said_.npos; said_.erase(0, end + 1))
    (void)send_message(socket, ImportNews{ImportNews::Kind::warn, said_.substr(0, end), {}, 0}.encode());
  if (said_.size() > longest_output) said_.erase(0, said_.size() - longest_output);
}

Error RunningEntrypoint::ended_early() {
  auto status = process_.wait();
  auto how = status.ok() ? describe_wait_status(*status) : std::string("ended");
  auto printed = said_.substr(0, said_.find_last_not_of(" \t\r\n") + 1);
  auto error = fail("entry point " + name_ + " " + how + " before it ran the command it was given");
  if (status.ok() && *status == 0) error.message += R"(; it has to end with exec "$@", or the like)";
  if (!printed.empty()) error.message += ":\n" + printed;
  // By a signal that ends the whole step the engine is ended, too.
  if (status.ok() && WIFSIGNALED(*status)) error.code = EINTR;
  return error;
}

void RunningEntrypoint::drop_output() {
  if (output_ && !take_available(output_.get(), [](std::string_view) {})) output_.reset();
}

void RunningEntrypoint::end(std::chrono::milliseconds limit) {
  hold_.reset();
  if (pidfd_) (void)readable_within(pidfd_.get(), limit);
}

void tell_entrypoint_done(int socket, const Result<std::string>& outcome) {
  ImportNews news;
  if (outcome.ok())
    news = {ImportNews::Kind::done, *outcome, {}, 0};
  else
    news = {ImportNews::Kind::failed, outcome.error().message, outcome.error().remedy, outcome.error().code};
  (void)send_message(socket, news.encode());
}

}  // namespace pyxis
