#include "hooks/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "base/fs.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"

namespace pyxis {
namespace {

constexpr size_t longest_output = 64 << 10;

// Reads what is there now; false at the end.
bool read_some(int fd, std::string& output) {
  std::array<char, 4096> buffer;
  for (;;) {
    ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    output.append(buffer.data(), static_cast<size_t>(got));
    if (output.size() > 2 * longest_output) output.erase(0, output.size() - longest_output);
  }
}

// What comes until the program ends: others that it has started may hold the pipe for longer.
Result<std::string> read_while_running(int pipe, pid_t pid) {
  std::string output;
  auto ended = open_pidfd(pid);
  // Kernels before 5.3 have no pidfd; there the end of the pipe must do.
  std::array<pollfd, 2> events = {{{pipe, POLLIN, 0}, {ended.ok() ? ended->get() : -1, POLLIN, 0}}};
  for (bool open = true; open && events[1].revents == 0;) {
    if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) return sys_error("poll");
    open = read_some(pipe, output);
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

}  // namespace

Result<void> run_hook_program(const std::string& path, const std::vector<std::string>& environment) {
  auto null = TRY(open_path("/dev/null", O_RDONLY));
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return sys_error("pipe");
  Fd reader(ends[0]), writer(ends[1]);
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);  // this end's alone: a pipe's ends are two open descriptions
  SpawnRequest request;
  request.program = path;
  request.arguments = {path};
  request.environment = environment;
  request.descriptors = {
      {null.get(), STDIN_FILENO}, {writer.get(), STDOUT_FILENO}, {writer.get(), STDERR_FILENO}};
  request.close_others = true;
  request.parent_death_signal = SIGKILL;
  auto child = spawn(request);
  if (!child.ok()) {
    auto error = std::move(child).error().context("hook");
    if (error.code == ENOEXEC || error.code == ENOENT)
      error.remedy = "a script names its interpreter in its first line, as in #!/bin/bash";
    return error;
  }
  writer.reset();
  auto output = TRY(read_while_running(reader.get(), child->pid()));
  int status = TRY(child->wait());
  read_some(reader.get(), output);
  if (output.size() > longest_output) output.erase(0, output.size() - longest_output);
  auto printed = output.substr(0, output.find_last_not_of(" \t\r\n") + 1);
  if (status != 0)
    return fail("hook " + path + " " + describe_wait_status(status) +
                (printed.empty() ? ", and printed nothing" : ":\n" + printed));
  if (printed.empty()) return ok();
  for (const auto& line : split(printed, '\n')) log_line(path.substr(path.rfind('/') + 1), line);
  return ok();
}

}  // namespace pyxis
