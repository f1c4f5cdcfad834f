#include "engine/external_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/text.h"

namespace pyxis {
namespace {

using std::chrono::seconds;

constexpr seconds patience{
    8};  // for a program that tidies up; slurmstepd's for a step that is cancelled is 30
constexpr size_t most_lines = 200, longest_line = 4096, longest_output = 1 << 20;

Result<ProgramOutcome> run(const ExternalProgram& program, const EndSignals* signals) {
  auto output = TRY(make_polled_pipe()), errors = TRY(make_polled_pipe());
  if (signals && signals->came()) return Error{"cancelled", {}, ECANCELED};
  auto child = TRY(start_external_program(program, output.writer.get(), errors.writer.get()));
  output.writer.reset();
  errors.writer.reset();
  ProgramOutcome outcome;
  CollectedLines said;
  auto read_both = [&] {
    bool open = take_available(output.reader.get(), [&](std::string_view bytes) {
      if (outcome.output.size() < longest_output) outcome.output += bytes;
    });
    if (!open) output.reader.reset();
    if (!take_available(errors.reader.get(), [&](std::string_view bytes) { said.add(bytes); }))
      errors.reader.reset();
  };
  auto ended = TRY(open_pidfd(child.pid()));
  for (;;) {
    std::array<pollfd, 4> events = {{{ended.get(), POLLIN, 0},
                                     {signals ? signals->fd() : -1, POLLIN, 0},
                                     {output.reader.get(), POLLIN, 0},
                                     {errors.reader.get(), POLLIN, 0}}};
    if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) return sys_error("poll");
    read_both();
    if (events[0].revents != 0) break;  // what it has left running may hold the pipes for longer
    if (events[1].revents != 0) {
      end_external_program(std::move(child));
      return Error{"cancelled", {}, ECANCELED};
    }
  }
  outcome.status = TRY(child.wait());
  // One that came while it ended, too: nobody else would see it.
  if (signals && signals->came()) return Error{"cancelled", {}, ECANCELED};
  read_both();
  outcome.said = said.all();
  return outcome;
}

}  // namespace

Result<EndSignals> EndSignals::watch() {
  EndSignals signals;
  sigset_t watched;
  ::sigemptyset(&watched);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&watched, number);
  signals.fd_.reset(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_) return sys_error("signalfd");
  ::sigprocmask(SIG_BLOCK, &watched, &signals.before_);
  return signals;
}

EndSignals::EndSignals(EndSignals&& other) noexcept : fd_(std::move(other.fd_)), before_(other.before_) {}

EndSignals::~EndSignals() {
  if (!fd_) return;
  signalfd_siginfo seen;
  while (::read(fd_.get(), &seen, sizeof seen) > 0) {
  }
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

bool EndSignals::came() const {
  return readable_within(fd_.get(), std::chrono::milliseconds(0));
}

void CollectedLines::add(std::string_view bytes) {
  for (char c : bytes) {
    bool returned = std::exchange(returned_, c == '\r');
    if (c == '\r') continue;
    if (c == '\n') {
      if (!open_.empty()) lines_.push_back(std::exchange(open_, {}));
      continue;
    }
    if (returned) open_.clear();
    if (open_.size() < longest_line) open_ += c;
  }
  if (lines_.size() <= most_lines) return;
  size_t surplus = lines_.size() - most_lines;
  lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(surplus));
  taken_ -= std::min(taken_, surplus);
}

std::vector<std::string> CollectedLines::take_new() {
  std::vector<std::string> taken(lines_.begin() + static_cast<std::ptrdiff_t>(taken_), lines_.end());
  taken_ = lines_.size();
  return taken;
}

std::vector<std::string> CollectedLines::all() const {
  auto lines = lines_;
  if (!open_.empty()) lines.push_back(open_);
  return lines;
}

Error ProgramOutcome::failure(const std::string& what) const {
  auto error = fail(what + " " + describe_wait_status(status));
  for (const auto& line : said) error.message += "\n" + line;
  return error;
}

Result<Child> start_external_program(const ExternalProgram& program, int output, int errors) {
  auto null = TRY(open_path("/dev/null", O_RDONLY));
  SpawnRequest request;
  request.program = program.path;
  request.arguments = program.arguments;
  request.environment = program.environment;
  request.descriptors = {{null.get(), STDIN_FILENO}, {output, STDOUT_FILENO}, {errors, STDERR_FILENO}};
  request.directory = "/";
  request.close_others = true;
  request.own_group = true;
  if (program.goes_with_caller) request.parent_death_signal = SIGTERM;
  return spawn(request);
}

void end_external_program(Child program) {
  pid_t group = program.pid();
  ::kill(-group, SIGTERM);
  // Its number stays its own until it is reaped, and the group's with it.
  if (auto ended = open_pidfd(group); ended.ok()) (void)readable_within(ended->get(), patience);
  ::kill(-group, SIGKILL);
  program.end_within(patience);
}

Result<ProgramOutcome> run_external_program(const ExternalProgram& program, const EndSignals& signals) {
  return run(program, &signals);
}
Result<ProgramOutcome> run_external_program(const ExternalProgram& program) {
  return run(program, nullptr);
}

}  // namespace pyxis
