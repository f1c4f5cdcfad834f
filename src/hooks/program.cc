#include "hooks/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fs.h"
#include "base/log.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"

namespace pyxis {
namespace {

constexpr size_t longest_output = 64 << 10;  // that is told
constexpr size_t largest_result = 16 << 20;  // that is wanted

// Reads what is there now; false at the end.
bool read_some(int fd, std::string& output) {
  return take_available(fd, [&](std::string_view bytes) {
    output += bytes;
    if (output.size() > 2 * longest_output) output.erase(0, output.size() - longest_output);
  });
}

using Clock = std::chrono::steady_clock;

// For poll(2): what is left until then, rounded up.
int milliseconds_until(Clock::time_point end) {
  auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 1 << 30));
}

// Says who it is that a start waits for: after 5 s, 30 s, 3 min and so on.
class Patience {
 public:
  explicit Patience(std::string tag) : tag_(std::move(tag)) {}

  Clock::time_point next() const { return begin_ + waited_; }
  void tell() {
    log::line(log::Level::info, tag_ + ": has been running for " + std::to_string(waited_.count()) +
                                    " s; the container waits for it");
    waited_ *= 6;
  }

 private:
  std::string tag_;
  Clock::time_point begin_ = Clock::now();
  std::chrono::seconds waited_{5};
};

struct Output {
  std::string text;
  bool late = false;  // the program still runs at the end of its time
};

// What comes until the program ends: others that it has started may hold the pipe for longer.
Result<Output> read_while_running(int pipe, pid_t pid, const ProgramCall& call) {
  Output output;
  Patience patience(call.tag);
  auto end = call.limit ? Clock::now() + *call.limit : Clock::time_point::max();
  auto ended = open_pidfd(pid);
  // Kernels before 5.3 have no pidfd; there the end of the pipe must do.
  std::array<pollfd, 2> events = {{{pipe, POLLIN, 0}, {ended.ok() ? ended->get() : -1, POLLIN, 0}}};
  for (bool open = true; open && events[1].revents == 0;) {
    int ready = ::poll(events.data(), events.size(), milliseconds_until(std::min(end, patience.next())));
    if (ready < 0 && errno != EINTR) return sys_error("poll");
    if (ready == 0 && Clock::now() >= end) {
      output.late = true;
      break;
    }
    if (ready == 0) patience.tell();
    open = read_some(pipe, output.text);
    if (!open && ended.ok()) {  // it may go on without: its end is what counts
      open = true;
      events[0].fd = -1;
    }
  }
  return output;
}

void log_line(const std::string& name, std::string_view text) {
  constexpr std::array<std::pair<std::string_view, log::Level>, 3> levels = {
      {{"[INFO] ", log::Level::info}, {"[WARN] ", log::Level::warn}, {"[ERROR] ", log::Level::error}}};
  auto level = log::Level::info;
  for (const auto& [tag, of_tag] : levels)
    if (text.starts_with(tag)) {
      level = of_tag;
      text.remove_prefix(tag.size());
      break;
    }
  log::line(level, name + ": " + std::string(text));
}

SpawnRequest spawn_request(const ProgramCall& call, const std::vector<std::string>& environment) {
  SpawnRequest request;
  request.program = call.program;
  request.arguments = call.arguments;
  request.environment = environment;
  request.close_others = true;
  request.parent_death_signal = SIGKILL;
  return request;
}

Result<Child> start(const SpawnRequest& request, const std::string& kind) {
  auto child = spawn(request);
  if (child.ok()) return child;
  auto error = std::move(child).error().context(kind);
  if (error.code == ENOEXEC || error.code == ENOENT)
    error.remedy = "a script names its interpreter in its first line, as in #!/bin/bash";
  return error;
}

std::string without_blank_end(const std::string& text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

Error with_printed(const std::string& failure, const std::string& said) {
  auto printed = without_blank_end(said);
  return fail(failure + (printed.empty() ? ", and printed nothing" : ":\n" + printed));
}

// `said` by a program that has ended with this wait status.
Result<void> judge(const ProgramCall& call, int status, const std::string& said) {
  if (status != 0) return with_printed(call.name + " " + describe_wait_status(status), said);
  auto printed = without_blank_end(said);
  if (printed.empty()) return ok();
  for (const auto& line : split(printed, '\n')) log_line(call.tag, line);
  return ok();
}

Result<std::string> content_of(const Fd& file) {
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return sys_error("lseek");
  return read_fd(file.get(), largest_result);
}

Result<std::string> end_of(const Fd& file) {
  auto size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0 || ::lseek(file.get(), std::max<off_t>(0, size - off_t{longest_output}), SEEK_SET) < 0)
    return sys_error("lseek");
  return read_fd(file.get());
}

}  // namespace

Result<void> run_program(const ProgramCall& call, const std::vector<std::string>& environment) {
  auto input = TRY(call.input.empty() ? open_path("/dev/null", O_RDONLY) : memory_file(call.input));
  auto [reader, writer] = TRY(make_polled_pipe());
  auto request = spawn_request(call, environment);
  request.own_group = call.limit.has_value();
  request.descriptors = {
      {input.get(), STDIN_FILENO}, {writer.get(), STDOUT_FILENO}, {writer.get(), STDERR_FILENO}};
  auto child = TRY(start(request, call.name.substr(0, call.name.find(' '))));
  writer.reset();
  auto [output, late] = TRY(read_while_running(reader.get(), child.pid(), call));
  if (late) ::kill(-child.pid(), SIGKILL);  // with what it has started; its number is its own until wait()
  int status = TRY(child.wait());
  read_some(reader.get(), output);
  if (output.size() > longest_output) output.erase(0, output.size() - longest_output);
  if (late)
    return with_printed(
        call.name + " did not end within " + std::to_string(call.limit->count()) + " s, and was killed",
        output);
  return judge(call, status, output);
}

Result<void> run_hook_program(const std::string& path, const std::vector<std::string>& environment) {
  return run_program({"hook " + path, path.substr(path.rfind('/') + 1), path, {path}}, environment);
}

Result<std::string> program_output(const ProgramCall& call, const std::vector<std::string>& environment) {
  auto null = TRY(open_path("/dev/null", O_RDONLY));
  auto printed = TRY(memory_file()), said = TRY(memory_file());
  auto request = spawn_request(call, environment);
  request.descriptors = {
      {null.get(), STDIN_FILENO}, {printed.get(), STDOUT_FILENO}, {said.get(), STDERR_FILENO}};
  auto child = TRY(start(request, call.name));
  int status = TRY(child.wait());
  TRY(judge(call, status, TRY_CONTEXT(end_of(said), call.name)));
  return TRY_CONTEXT(content_of(printed), call.name);
}

}  // namespace pyxis
