// See contract/handover.h. It uses the C library only: no exceptions, no C++ library.
#include <cerrno>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "contract/handover.h"

namespace {

constexpr int cannot = 125;

bool write_text(int pipe, const char* text) {
  for (size_t left = strlen(text) + 1; left > 0;) {
    ssize_t written = write(pipe, text, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text += written;
    left -= static_cast<size_t>(written);
  }
  return true;
}

bool hand_over(int pipe) {
  static char directory[PATH_MAX];
  if (!write_text(pipe, getcwd(directory, sizeof directory) ? directory : "/")) return false;
  for (char** variable = environ; *variable; ++variable)
    if (**variable && !write_text(pipe, *variable)) return false;
  return write_text(pipe, "");
}

int explain(const char* what) {
  const char* parts[] = {pyxis::handover_program, ": ", what, ": ", strerror(errno), "\n"};
  for (const char* part : parts)
    if (write(STDERR_FILENO, part, strlen(part)) < 0) break;
  return cannot;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return cannot;
  prctl(PR_SET_NAME, pyxis::handover_program);
  int pipe = open(arguments[1], O_WRONLY | O_CLOEXEC);
  if (pipe < 0) return explain(arguments[1]);
  int hold = open(arguments[2], O_RDONLY | O_CLOEXEC);
  if (hold < 0) return explain(arguments[2]);
  if (!hand_over(pipe)) return explain(arguments[1]);
  close(pipe);
  char nothing;
  while (read(hold, &nothing, 1) < 0 && errno == EINTR) {
  }
  return 0;
}
