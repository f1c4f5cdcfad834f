#include <gmock/gmock.h>
#include <sys/wait.h>

#include <filesystem>

#include "fake_in_process_engine.h"
#include "fake_slurm.h"
#include "spank/step.h"

namespace pyxis::spank {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int all_good = 0;

// Tasks are forked children: joining changes the process for good.
template <class Body>
int in_task(Body&& body) {
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

class Task : public ::testing::Test {
 protected:
  Task() {
    step.rendezvous = std::move(Rendezvous::create()).value();
    step.container = "pyxis_7.0";
    step.options.image = "debian";
    step.runtime_dir = "/run/pyxis/1000";
    step.job = {{::getuid(), ::getgid(), {}}, {"alice", "/home/alice"}, 7, 0, 1, 1, 1};
    engine.started.control_socket = "/run/pyxis/1000/socket";
    engine.started.env = {"IN=container"};
  }
  FakeSlurm slurm;
  FakeEngine engine;
  Step step;
};

TEST_F(Task, TheFirstStartsAndTheOthersJoin) {
  EXPECT_EQ(in_task([&] {
              return start_task(slurm, step, engine) == 0 && engine.starts.size() == 1 ? all_good : 1;
            }),
            0);
  EXPECT_EQ(step.rendezvous->state(), StepState::started);
  EXPECT_EQ(in_task([&] {
              if (start_task(slurm, step, engine) != 0 || !engine.starts.empty()) return 1;
              if (engine.joins != std::vector<std::string>{"/run/pyxis/1000/socket"}) return 2;
              return slurm.variables.get("IN") == "container" ? all_good : 3;
            }),
            0);
}

TEST_F(Task, AFailureIsReportedOnceAndFailsAll) {
  engine.start_error = fail("failed to import docker image: debian\nmanifest unknown\x1b[0m");
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  EXPECT_THAT(slurm.errors,
              ElementsAre("pyxis: failed to import docker image: debian", "pyxis: manifest unknown\\x1b[0m"));
  slurm.errors.clear();
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  EXPECT_THAT(slurm.errors, IsEmpty());
  EXPECT_EQ(engine.starts.size(), 1u);
  EXPECT_EQ(step.rendezvous->state(), StepState::failed);
}

TEST_F(Task, AnEngineThatDiedIsCleanedUpAfter) {
  engine.start_error = fail("couldn't start container");
  engine.start_error->code = engine_died;
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  EXPECT_EQ(step.rendezvous->state(), StepState::interrupted);
}

TEST_F(Task, DeferredErrorsAreRaisedHere) {
  step.deferred = fail("--container-name: empty name");
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  EXPECT_THAT(slurm.errors, ElementsAre("pyxis: --container-name: empty name"));
  EXPECT_THAT(engine.starts, IsEmpty());
}

// Only the engine knows whether it joins a container, to which mounts do not matter.
TEST_F(Task, AMissingMountSourceIsTheEnginesToTell) {
  step.options.mounts = {{"/no/such", "/x", ""}};
  engine.start_error = fail("stop here");
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  ASSERT_EQ(engine.starts.size(), 1u);
  EXPECT_EQ(engine.starts[0].mounts[0].source, "/no/such");
  EXPECT_THAT(slurm.errors, ElementsAre("pyxis: stop here"));
}

TEST_F(Task, ProgressIsForASingleReader) {
  engine.events = {{Event::Kind::importing, "debian"},
                   {Event::Kind::progress, "50 %"},
                   {Event::Kind::log, "a warning"},
                   {Event::Kind::imported, "debian"}};
  engine.start_error = fail("stop here");
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  EXPECT_THAT(slurm.said, ElementsAre("pyxis: importing docker image: debian", "pyxis: 50 %",
                                      "pyxis: a warning", "pyxis: imported docker image: debian"));
  slurm.said.clear();
  step.rendezvous = std::move(Rendezvous::create()).value();
  step.job.total_tasks = 2;
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  EXPECT_THAT(slurm.said, ElementsAre("pyxis: a warning"));
}

TEST_F(Task, TheRequestSaysAll) {
  engine.start_error = fail("stop here");
  slurm.variables = Environment::from({"A=1", "LD_PRELOAD=/x", "PMIX_SERVER_TMPDIR=/tmp/pmix"});
  step.options.mounts = {{"./", "/x", "ro"}};
  step.options.unshare = {"net"};
  step.options.name = ContainerName{"n", NameMode::create};
  step.options.devices = {"v.com/gpu=0"};
  step.options.devices_by_default = true;
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  const auto& request = engine.starts.at(0);
  EXPECT_EQ(request.container, "pyxis_7.0");
  EXPECT_FALSE(request.temporary);
  EXPECT_EQ(request.mode, NameMode::create);
  EXPECT_EQ(request.image, "debian");
  EXPECT_THAT(request.unshare, ElementsAre("net"));
  EXPECT_THAT(request.devices, ElementsAre("v.com/gpu=0"));
  EXPECT_TRUE(request.devices_by_default);
  EXPECT_THAT(request.command, ElementsAre("/bin/true"));
  EXPECT_EQ(request.job_id, 7u);
  ASSERT_EQ(request.mounts.size(), 2u);
  EXPECT_EQ(request.mounts[0].source.front(), '/');
  EXPECT_EQ(request.mounts[1], (MountRequest{"/tmp/pmix", "/tmp/pmix", "x-create=auto,rbind,x-of-step"}));
  EXPECT_THAT(engine.last_process.environment,
              AllOf(Contains("A=1"), Contains("HOME=/home/alice"), Not(Contains(HasSubstr("LD_PRELOAD")))));
  EXPECT_THAT(request.job_env, Contains("LD_PRELOAD=/x"));
}

TEST_F(Task, TheContainerHasTheVariablesOfAFileToo) {
  engine.start_error = fail("stop here");
  slurm.variables =
      Environment::from({"A=job", "GONE=job", "NAMED=job", "SLURM_PROCID=0", "http_proxy=http://job"});
  step.options.env_names = {"NAMED"};
  step.options.variables = {
      {"A", "file"}, {"GONE", ""}, {"NAMED", "file"}, {"SLURM_PROCID", "9"}, {"http_proxy", "http://file"}};
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  const auto& request = engine.starts.at(0);
  EXPECT_THAT(request.job_env,
              ElementsAre("A=file", "NAMED=job", "SLURM_PROCID=0", "http_proxy=http://file"));
  EXPECT_THAT(request.env_names, ElementsAre("NAMED", "A", "http_proxy"));
  EXPECT_THAT(request.env_unset, ElementsAre("GONE"));
  // What gets the image is the job's.
  EXPECT_THAT(engine.last_process.environment, AllOf(Contains("A=job"), Contains("http_proxy=http://job")));
}

TEST_F(Task, PathsOfImagesAreTheJobs) {
  auto here = std::filesystem::current_path().string();
  for (const auto& [given, wanted] : std::vector<std::pair<std::string, std::string>>{
           {"./x.sqsh", here + "/./x.sqsh"},
           {"/x.sqsh", "/x.sqsh"},
           {"oci:a/b:tag", "oci:" + here + "/a/b:tag"},
           {"oci-archive:x.tar", "oci-archive:" + here + "/x.tar"},
           {"docker-archive:/x.tar", "docker-archive:/x.tar"},
           {"debian:trixie", "debian:trixie"}}) {
    engine.start_error = fail("stop here");
    step.rendezvous = std::move(Rendezvous::create()).value();
    step.options.image = given;
    EXPECT_EQ(start_task(slurm, step, engine), -1);
    EXPECT_EQ(engine.starts.back().image, wanted);
  }
}

TEST_F(Task, TheBatchScriptIsMountedAtItsOwnPlace) {
  engine.start_error = fail("stop here");
  step.job.step_id = step_batch;
  slurm.argv = {"/var/spool/slurmd/job00007/slurm_script", "arg"};
  EXPECT_EQ(start_task(slurm, step, engine), -1);
  EXPECT_THAT(engine.starts.at(0).mounts, ElementsAre(MountRequest{"/var/spool/slurmd/job00007/slurm_script",
                                                                   "/var/spool/slurmd/job00007/slurm_script",
                                                                   "x-create=auto,rbind,x-of-step,ro"}));
}

TEST_F(Task, DevicesOfARunningContainerAreItsOwn) {
  for (bool by_default : {false, true})
    EXPECT_EQ(
        in_task([&] {
          step.options.devices = {"v.com/gpu=0"};
          step.options.devices_by_default = by_default;
          engine.started.attached = true;
          if (start_task(slurm, step, engine) != 0) return 1;
          std::vector<std::string> said;
          if (!by_default)
            said.emplace_back("pyxis: ignoring --container-device when attaching to a running container");
          return slurm.said == said ? 0 : 2;
        }),
        0);
}

TEST_F(Task, MountsOfARunningContainerAreItsOwn) {
  EXPECT_EQ(in_task([&] {
              step.options.mounts = {{"/", "/x", ""}};
              engine.started.attached = true;
              if (start_task(slurm, step, engine) != 0) return 1;
              return slurm.said ==
                             std::vector<std::string>{
                                 "pyxis: ignoring --container-mounts when attaching to a "
                                 "running container"}
                         ? all_good
                         : 2;
            }),
            0);
  EXPECT_EQ(step.rendezvous->state(), StepState::attached);
}

}  // namespace
}  // namespace pyxis::spank
