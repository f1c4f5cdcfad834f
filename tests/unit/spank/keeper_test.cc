// Processes as Slurm would have them: each test's task is a forked child, which the keeper stays in.
#include "spank/keeper.h"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "fake_in_process_engine.h"
#include "fake_slurm.h"

namespace pyxis::spank {
namespace {

class Keeper : public ::testing::Test {
 protected:
  Keeper() {
    step.rendezvous = std::move(Rendezvous::create()).value();
    step.container = "pyxis_7.0";
    step.runtime_dir = "/run/pyxis/1000";
    step.options.image = "debian";
    step.options.save = "saved.sqsh";
    step.job = {{::getuid(), ::getgid(), {}}, {"alice", "/home/alice"}, 7, 0, 1, 1, 2};
    engine.on_save = [this](const SaveRequest& request) -> Result<void> {
      ++*saves;
      if (request.container != "pyxis_7.0" || request.runtime_dir != "/run/pyxis/1000")
        return fail("request");
      if (request.path != *working_directory() + "/saved.sqsh") return fail("path " + request.path);
      if (save_error) return *save_error;
      return ok();
    };
  }
  // The wait status of a task whose command does what `command` does.
  template <class Command>
  int task(Command command) {
    pid_t pid = ::fork();
    if (pid == 0) {
      if (!leave_keeper(slurm, step, engine, Child()).ok() || !end_with_keeper(step).ok()) ::_exit(99);
      command();
      ::_exit(98);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
  }

  FakeSlurm slurm;
  FakeEngine engine;
  Step step;
  std::optional<Error> save_error;
  // Counted by other processes.
  int* saves = static_cast<int*>(
      ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
};

TEST_F(Keeper, EndsAsTheCommandAfterTheSave) {
  int status = task([] { ::_exit(0); });
  EXPECT_EQ(WEXITSTATUS(status), 0) << status;
  EXPECT_EQ(*saves, 1);
}

TEST_F(Keeper, TheCommandsStatusAndSignalAreTheTasks) {
  step.job.local_tasks = 2;
  EXPECT_EQ(WEXITSTATUS(task([] { ::_exit(7); })), 7);
  int status = task([] { ::raise(SIGUSR1); });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGUSR1);
  EXPECT_EQ(*saves, 1);
}

TEST_F(Keeper, OnlyTheLastTaskOfTheNodeSaves) {
  step.job.local_tasks = 3;
  task([] { ::_exit(0); });
  task([] { ::_exit(1); });
  EXPECT_EQ(*saves, 0);
  task([] { ::_exit(0); });
  EXPECT_EQ(*saves, 1);
}

TEST_F(Keeper, ASaveThatFailsFailsTheTask) {
  save_error = fail("no space");
  EXPECT_EQ(WEXITSTATUS(task([] { ::_exit(0); })), 1);
}

TEST_F(Keeper, ASaveThatFailsLeavesAFailureAsItIs) {
  save_error = fail("no space");
  EXPECT_EQ(WEXITSTATUS(task([] { ::_exit(5); })), 5);
}

TEST_F(Keeper, SaysWhyItCouldNot) {
  save_error = fail("no space", "make room");
  ::testing::internal::CaptureStderr();
  task([] { ::_exit(0); });
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "slurmstepd: error: pyxis: failed to save container: pyxis_7.0\n"
            "slurmstepd: error: pyxis: no space; make room\n");
}

TEST_F(Keeper, KnowsTheCommandByTheProcessThatSlurmTellsIt) {
  EXPECT_EQ(WEXITSTATUS(task([this] {
              ::_exit(slurm.variables.get("SLURM_TASK_PID") == std::to_string(::getpid()) ? 0 : 1);
            })),
            0);
}

// Its user's file of before is better than a container in which nothing ran.
TEST_F(Keeper, SavesNothingWhereNoTaskCameIn) {
  pid_t pid = ::fork();
  if (pid == 0) {
    if (!leave_keeper(slurm, step, engine, Child()).ok()) ::_exit(99);
    ::_exit(5);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 5);
  EXPECT_EQ(*saves, 0);
}

// A task's pipes are closed by its command alone: who reads them sees their end.
TEST_F(Keeper, HoldsNoPipes) {
  int ends[2], go[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::pipe(go), 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    if (!leave_keeper(slurm, step, engine, Child()).ok()) ::_exit(99);
    // The command lets go of its output, and goes on.
    ::close(ends[1]);
    ::close(STDOUT_FILENO);
    char word;
    ::close(go[1]);
    [[maybe_unused]] auto got = ::read(go[0], &word, 1);
    ::_exit(0);
  }
  ::close(ends[1]);
  char word;
  EXPECT_EQ(::read(ends[0], &word, 1), 0);
  ::close(go[1]);
  int status = 1;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(Keeper, OutlivesASignalForTheStepAndDoesNotOutliveItsOwnEnd) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    if (!leave_keeper(slurm, step, engine, Child()).ok() || !end_with_keeper(step).ok()) ::_exit(99);
    pid_t self = ::getpid();
    [[maybe_unused]] auto put = ::write(ready[1], &self, sizeof self);
    for (;;) ::pause();
  }
  ::close(ready[1]);
  pid_t command = 0;
  ASSERT_EQ(::read(ready[0], &command, sizeof command), static_cast<ssize_t>(sizeof command));
  auto ended = open_pidfd(command);
  ASSERT_TRUE(ended.ok());
  ::kill(pid, SIGTERM);
  ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_TRUE(readable_within(ended->get(), std::chrono::seconds(20)));
  EXPECT_EQ(*saves, 0);
}

TEST_F(Keeper, PassesOnWhatABatchScriptAloneIsSent) {
  step.job.step_id = step_batch;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    sigset_t user;
    ::sigemptyset(&user);
    ::sigaddset(&user, SIGUSR2);
    if (!leave_keeper(slurm, step, engine, Child()).ok()) ::_exit(99);
    ::sigprocmask(SIG_BLOCK, &user, nullptr);
    [[maybe_unused]] auto put = ::write(ready[1], "x", 1);
    int number = 0;
    ::sigwait(&user, &number);
    ::_exit(number == SIGUSR2 ? 42 : 1);
  }
  ::close(ready[1]);
  char word;
  ASSERT_EQ(::read(ready[0], &word, 1), 1);
  ::kill(pid, SIGUSR2);
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

}  // namespace
}  // namespace pyxis::spank
