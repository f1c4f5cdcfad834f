#include "spank/rendezvous.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace pyxis::spank {
namespace {

std::unique_ptr<Rendezvous> make() {
  return std::move(Rendezvous::create()).value();
}

int wait_for(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(Rendezvous, OneOfManyTasksIsTheFirst) {
  auto place = make();
  std::vector<pid_t> tasks;
  for (int i = 0; i < 16; ++i) {
    pid_t pid = ::fork();
    if (pid == 0) {
      auto found = place->enter();
      if (found == StepState::untouched) {
        place->publish_started(false, "/run/socket");
        ::_exit(1);
      }
      ::_exit(found == StepState::started && place->control_socket() == "/run/socket" ? 0 : 2);
    }
    tasks.push_back(pid);
  }
  int first = 0, bad = 0;
  for (pid_t pid : tasks) {
    int result = wait_for(pid);
    first += result == 1;
    bad += result > 1;
  }
  EXPECT_EQ(first, 1);
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(place->state(), StepState::started);
}

TEST(Rendezvous, TheDeathOfTheFirstIsNoticedByThoseWhoWait) {
  auto place = make();
  std::array<int, 2> ready;
  ASSERT_EQ(::pipe(ready.data()), 0);
  pid_t first = ::fork();
  if (first == 0) {
    char word = place->enter() == StepState::untouched ? 'y' : 'n';
    [[maybe_unused]] auto written = ::write(ready[1], &word, 1);
    ::pause();
  }
  char word = 'n';
  ASSERT_EQ(::read(ready[0], &word, 1), 1);
  ASSERT_EQ(word, 'y');
  pid_t second = ::fork();
  if (second == 0) ::_exit(static_cast<int>(place->enter()));
  ::kill(first, SIGKILL);
  EXPECT_EQ(wait_for(first), 1000 + SIGKILL);
  EXPECT_EQ(wait_for(second), static_cast<int>(StepState::interrupted));
  EXPECT_EQ(place->enter(), StepState::interrupted);
}

TEST(Rendezvous, AFailureIsTheSameForAll) {
  auto place = make();
  ASSERT_EQ(place->enter(), StepState::untouched);
  place->publish_failed(false);
  EXPECT_EQ(place->enter(), StepState::failed);
  EXPECT_EQ(place->enter(), StepState::failed);
}

TEST(Rendezvous, OneProcessReports) {
  auto place = make();
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(place->claim_report());
  EXPECT_EQ(wait_for(pid), 1);
  EXPECT_FALSE(place->claim_report());
}

}  // namespace
}  // namespace pyxis::spank
