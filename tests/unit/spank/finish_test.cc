#include <gmock/gmock.h>
#include <sys/socket.h>

#include <array>

#include "fake_in_process_engine.h"
#include "fake_slurm.h"
#include "spank/epilog.h"
#include "spank/step.h"
#include "temporary.h"

namespace pyxis::spank {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class Finish : public ::testing::Test {
 protected:
  Finish() {
    step.rendezvous = std::move(Rendezvous::create()).value();
    step.container = "pyxis_7.0";
    step.runtime_dir = "/run/pyxis/1000";
    step.job.local_tasks = 2;
    std::array<int, 2> ends;
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    step.leash_keep.reset(ends[0]);
    leash.reset(ends[1]);
  }
  bool leash_ended() {
    char word;
    return ::recv(leash.get(), &word, 1, MSG_DONTWAIT) == 0;
  }
  void started(bool attached = false) {
    ASSERT_EQ(step.rendezvous->enter(), StepState::untouched);
    step.rendezvous->publish_started(attached, "/s");
  }
  FakeSlurm slurm;
  FakeEngine engine;
  Step step;
  Fd leash;
};

TEST_F(Finish, WaitsForTheLastTask) {
  started();
  task_exited(slurm, step, engine);
  EXPECT_THAT(engine.finishes, IsEmpty());
  EXPECT_FALSE(leash_ended());
  task_exited(slurm, step, engine);
  ASSERT_THAT(engine.finishes, SizeIs(1));
  EXPECT_EQ(engine.finishes[0].container, "pyxis_7.0");
  EXPECT_TRUE(engine.finishes[0].temporary);
  EXPECT_EQ(engine.last_process.identity.has_value(), ::geteuid() == 0);
  EXPECT_TRUE(leash_ended());
  step_over(slurm, step, engine);
  EXPECT_THAT(engine.finishes, SizeIs(1));
}

TEST_F(Finish, TheEndOfTheStepMakesUpForMissingTasks) {
  started();
  task_exited(slurm, step, engine);
  step_over(slurm, step, engine);
  EXPECT_THAT(engine.finishes, SizeIs(1));
  EXPECT_TRUE(leash_ended());
}

TEST_F(Finish, NothingIsDoneWhereNothingWasStarted) {
  step_over(slurm, step, engine);
  EXPECT_THAT(engine.finishes, IsEmpty());
  EXPECT_TRUE(leash_ended());
}

TEST_F(Finish, AContainerOfAnotherStepIsLeftToIt) {
  started(true);
  step_over(slurm, step, engine);
  // Only the supervisor that this step has there is ended.
  ASSERT_THAT(engine.finishes, SizeIs(1));
  EXPECT_FALSE(engine.finishes[0].temporary);
  EXPECT_EQ(engine.finishes[0].control_socket, step.rendezvous->control_socket());
}

TEST_F(Finish, ACleanFailureNeedsNothing) {
  ASSERT_EQ(step.rendezvous->enter(), StepState::untouched);
  step.rendezvous->publish_failed(false);
  step_over(slurm, step, engine);
  EXPECT_THAT(engine.finishes, IsEmpty());
}

class Epilog : public ::testing::Test {
 protected:
  Epilog() { config.runtime_path = top.path(); }
  void had_containers() {
    ASSERT_TRUE(make_directories(top.path() + "/" + std::to_string(::getuid()), 0700).ok());
  }
  Temporary top;
  Config config;
  FakeSlurm slurm;
  FakeEngine engine;
};

TEST_F(Epilog, DoesNothingForUsersWithoutContainers) {
  clean_after_job(slurm, config, engine);
  EXPECT_THAT(engine.epilogs, IsEmpty());
}

TEST_F(Epilog, NamesWhatTheJobOwns) {
  had_containers();
  clean_after_job(slurm, config, engine);
  config.container_scope = Scope::job;
  clean_after_job(slurm, config, engine);
  ASSERT_THAT(engine.epilogs, SizeIs(2));
  EXPECT_EQ(engine.epilogs[0].name_prefix, "pyxis_7.");
  EXPECT_TRUE(engine.epilogs[0].temporary_only);
  EXPECT_EQ(engine.epilogs[1].name_prefix, "pyxis_7_");
  EXPECT_FALSE(engine.epilogs[1].temporary_only);
  if (::geteuid() == 0) {
    EXPECT_EQ(engine.last_process.identity->uid, ::getuid());
  }
}

}  // namespace
}  // namespace pyxis::spank
