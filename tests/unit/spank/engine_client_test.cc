#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <thread>

#include "contract/answer.h"
#include "spank/engine.h"
#include "temporary.h"

namespace pyxis::spank {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class EngineClient : public ::testing::Test {
 protected:
  EngineClient() {
    std::array<int, 2> ends;
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    keep.reset(ends[0]);
    leash.reset(ends[1]);
  }
  ~EngineClient() override {
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left";
    EXPECT_EQ(errno, ECHILD);
  }
  Result<Container> start(const std::string& image) {
    StartRequest request;
    request.container = "pyxis_c";
    request.image = image;
    return engine->start(request, {{"HOME=/h"}, std::nullopt}, {leash.get(), farewell_pipe.writer.get()},
                         [this](const Event& event) { heard.push_back(event.text); });
  }
  std::string start_problem(const std::string& image) {
    auto container = start(image);
    return container.ok() ? "" : container.error().text();
  }
  Fd keep, leash;
  Pipe farewell_pipe = std::move(make_pipe()).value();
  std::unique_ptr<Engine> engine = pyxis_engine(FAKE_ENGINE);
  std::vector<std::string> heard;
};

TEST_F(EngineClient, RunsTheEngineInAPlaceOfItsOwn) {
  Fd stray(::open("/dev/null", O_RDONLY));  // no O_CLOEXEC: must not reach the engine all the same
  auto container = start("report");
  ASSERT_TRUE(container.ok()) << container.error().text();
  EXPECT_EQ(container->started.workdir, "/");
  EXPECT_THAT(container->started.env, ElementsAre("DESCRIPTORS=good", "HOME=/h"));
}

TEST_F(EngineClient, TellsTheDriverOfEnrootWhatPlugstackSays) {
  engine = enroot_engine({FAKE_ENGINE, "/opt/enroot", true, true});
  auto container = start("report");
  ASSERT_TRUE(container.ok()) << container.error().text();
  EXPECT_THAT(container->started.env, Contains("OPTIONS=--enroot=/opt/enroot --load --start-from-file "));
  engine = enroot_engine({FAKE_ENGINE, "", false, false});
  container = start("report");
  ASSERT_TRUE(container.ok()) << container.error().text();
  EXPECT_THAT(container->started.env, Not(Contains(HasSubstr("OPTIONS="))));
}

TEST_F(EngineClient, IsThatOfPlugstack) {
  Config config;
  config.engine = EngineKind::enroot;
  config.pyxis_path = "/no/such/bin/pyxis";
  engine = engine_of(config);
  EXPECT_THAT(start_problem("x"), HasSubstr("execute /no/such/bin/../libexec/pyxis-enroot: No such file"));
  config.engine = EngineKind::pyxis;
  engine = engine_of(config);
  EXPECT_THAT(start_problem("x"), HasSubstr("execute /no/such/bin/pyxis: No such file"));
}

TEST_F(EngineClient, PassesEventsOnAndTellsWhichPartFailed) {
  EXPECT_EQ(start_problem("debian"), "failed to import docker image: debian\nno such image");
  EXPECT_THAT(heard, ElementsAre("debian"));
}

TEST_F(EngineClient, AWrongArgumentIsToldAsItIs) {
  EXPECT_EQ(start_problem("argument"), "--container-mounts: no");
}

TEST_F(EngineClient, AnEngineThatDiesIsNamedWithItsEnd) {
  EXPECT_THAT(start_problem("die"), HasSubstr("fake_engine ended without an answer: exited with status 3"));
  EXPECT_THAT(start_problem("crash"), HasSubstr("killed by signal 9"));
  EXPECT_EQ(start_problem("interrupted"), "the start of the container was cancelled");
  EXPECT_EQ(start("die").error().code, engine_died);
  EXPECT_THAT(start_problem("nonsense"), HasSubstr("answer of the engine"));
}

TEST_F(EngineClient, AMissingEngineIsNamed) {
  engine = pyxis_engine("/no/such/pyxis");
  EXPECT_THAT(start_problem("x"), HasSubstr("execute /no/such/pyxis: No such file or directory"));
  EXPECT_THAT(start_problem("x"), HasSubstr("pyxis_path in plugstack.conf"));
}

TEST_F(EngineClient, FinishTellsHowItWent) {
  EXPECT_TRUE(engine->finish({"c", "", true, "", ""}, {}, -1).ok());
  EXPECT_EQ(engine->finish({"fail", "", true, "", ""}, {}, -1).error().text(),
            "couldn't clean up container fail: still busy");
  EXPECT_THAT(engine->finish({"die", "", true, "", ""}, {}, -1).error().text(),
              HasSubstr("exited with status 3"));
  EXPECT_EQ(engine->finish({"crash", "", true, "", ""}, {}, -1).error().code, ECANCELED);
}

TEST_F(EngineClient, FinishNeedsNoEngineWhereTheSupervisorSaysThatItHasClearedUp) {
  engine = pyxis_engine("/no/such/pyxis");
  auto farewell = make_pipe();
  ASSERT_TRUE(farewell.ok());
  write_answer(farewell->writer.get(), ok());
  EXPECT_TRUE(engine->finish({"c", "", true, "", ""}, {}, farewell->reader.get()).ok());
}

TEST_F(EngineClient, FinishRunsTheEngineWhereTheSupervisorHasDied) {
  auto farewell = make_pipe();
  ASSERT_TRUE(farewell.ok());
  farewell->writer.reset();
  EXPECT_EQ(engine->finish({"fail", "", true, "", ""}, {}, farewell->reader.get()).error().text(),
            "couldn't clean up container fail: still busy");
}

TEST_F(EngineClient, JoinsThroughSocketsWithLongPaths) {
  Temporary top;
  std::string directory = top.path() + "/" + std::string(150, 'd');
  ASSERT_TRUE(make_directories(directory).ok());
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto handle = open_path(directory, O_PATH | O_DIRECTORY);
  ASSERT_TRUE(handle.ok());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (fd_path(handle->get()) + "/socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  std::thread supervisor([&] {
    Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    auto message = receive_message(peer.get());
    EXPECT_TRUE(message.ok() && JoinRequest::decode(message->body).ok());
    Event event{Event::Kind::started, ""};
    event.started.workdir = "/w";
    event.started.namespaces = {Namespace::mount};
    EXPECT_TRUE(send_message(peer.get(), event.encode(), {peer.get()}).ok());
  });
  auto container = engine->join(directory + "/socket");
  supervisor.join();
  ASSERT_TRUE(container.ok()) << container.error().text();
  EXPECT_EQ(container->started.workdir, "/w");
  EXPECT_EQ(container->namespaces.size(), 1u);
}

TEST_F(EngineClient, ASupervisorThatIsGoneIsSaid) {
  Temporary top;
  auto joined = engine->join(top.path() + "/socket");
  ASSERT_FALSE(joined.ok());
  EXPECT_THAT(joined.error().text(),
              HasSubstr("couldn't join the step's container\nthe container's supervisor is gone"));
}

}  // namespace
}  // namespace pyxis::spank
