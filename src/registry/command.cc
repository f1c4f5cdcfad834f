#include "registry/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"

namespace pyxis {
namespace {

constexpr size_t max_output = 1u << 20;
using Clock = std::chrono::steady_clock;

// Takes what is there. False at the end of the stream.
Result<bool> drain(int fd, std::string& out) {
  std::array<char, 8192> buffer;
  for (;;) {
    ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return false;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return true;
    if (got < 0) return sys_error("read the output");
    out.append(buffer.data(), static_cast<size_t>(got));
    if (out.size() > max_output) return fail("it writes more than " + human_bytes(max_output));
  }
}

// Collects output until the process has ended.
Result<void> collect(int process, Pipe& out, Pipe& err, CommandOutput& output, Clock::time_point deadline,
                     int stopped) {
  std::array<pollfd, 4> watched = {pollfd{process, POLLIN, 0}, pollfd{stopped, POLLIN, 0},
                                   pollfd{out.reader.get(), POLLIN, 0}, pollfd{err.reader.get(), POLLIN, 0}};
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return fail("it did not end in time");
    int ready = ::poll(watched.data(), watched.size(), static_cast<int>(left) + 1);
    if (ready < 0 && errno != EINTR) return sys_error("poll");
    if (ready <= 0) continue;
    if (watched[1].revents) return sys_error("it was interrupted", ECANCELED);
    if (watched[2].revents && !TRY(drain(out.reader.get(), output.out))) watched[2].fd = -1;
    if (watched[3].revents && !TRY(drain(err.reader.get(), output.err))) watched[3].fd = -1;
    if (!watched[0].revents) continue;
    TRY(drain(out.reader.get(), output.out));
    TRY(drain(err.reader.get(), output.err));
    return ok();
  }
}

}  // namespace

Result<CommandOutput> run_command(const CommandRequest& request, const std::stop_token& stop) {
  auto deadline = Clock::now() + request.deadline;
  auto input = TRY(memory_file(request.input));
  auto out = TRY(make_polled_pipe());
  auto err = TRY(make_polled_pipe());
  Fd stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped) return sys_error("eventfd");
  std::stop_callback on_stop(
      stop, [fd = stopped.get()] { [[maybe_unused]] auto written = ::eventfd_write(fd, 1); });

  SpawnRequest spawned;
  spawned.program = request.program;
  spawned.arguments = request.arguments;
  spawned.environment = request.environment.lines();
  spawned.descriptors = {{input.get(), 0}, {out.writer.get(), 1}, {err.writer.get(), 2}};
  spawned.descriptors.insert(spawned.descriptors.end(), request.descriptors.begin(),
                             request.descriptors.end());
  auto child = TRY(spawn(spawned));
  out.writer.reset();
  err.writer.reset();
  auto process = TRY(open_pidfd(child.pid()));

  CommandOutput output;
  TRY(collect(process.get(), out, err, output, deadline, stopped.get()));
  output.status = TRY(child.wait());
  return output;
}

std::string find_program(const std::string& name, const Environment& environment) {
  for (const auto& directory : split(environment.get_or("PATH", "/usr/local/bin:/usr/bin:/bin"), ':')) {
    if (!directory.starts_with('/')) continue;  // never from the directory a job happens to be in
    auto path = directory + "/" + name;
    struct stat info = {};
    if (::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0)
      return path;
  }
  return {};
}

}  // namespace pyxis
