// Runs what cannot be undone in a forked child: EXPECT_EQ(in_child([] { return 0 or a number that tells the
// place; }), 0).
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace pyxis {

template <class Body>
int in_child(Body&& body) {
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace pyxis
