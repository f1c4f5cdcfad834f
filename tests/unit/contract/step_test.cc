#include "contract/step.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

StartRequest full_request() {
  StartRequest request;
  request.container = "pyxis_c";
  request.temporary = true;
  request.mode = NameMode::no_exec;
  request.image = "debian";
  request.image_good_for = 77;
  request.image_digest = "sha256:1";
  request.importer = "/usr/bin/importer";
  request.mounts = {{"/a", "/b", "ro"}, {"tmpfs", "/t", ""}};
  request.workdir = "/w";
  request.mount_home = true;
  request.remap_root = false;
  request.entrypoint_log = true;
  request.env_names = {"A", "B"};
  request.unshare = {"net"};
  request.job_env = {"X=1", "EMPTY="};
  request.command = {"sh", "-c", ""};
  request.runtime_dir = "/run/pyxis/1000";
  request.job_id = 7;
  request.step_id = 0xfffffffb;
  request.owner_pid = 42;
  request.devices = {"vendor.com/gpu=0", "vendor.com/gpu=1"};
  request.devices_by_default = true;
  request.env_unset = {"C"};
  return request;
}

TEST(Contract, StartRequestSurvivesTheJourney) {
  auto sent = full_request();
  auto got = StartRequest::decode(sent.encode());
  ASSERT_TRUE(got.ok()) << got.error().text();
  EXPECT_EQ(got->container, sent.container);
  EXPECT_EQ(got->temporary, true);
  EXPECT_EQ(got->mode, NameMode::no_exec);
  EXPECT_EQ(got->mounts, sent.mounts);
  EXPECT_EQ(got->mount_home, std::optional(true));
  EXPECT_EQ(got->remap_root, std::optional(false));
  EXPECT_EQ(got->writable, std::nullopt);
  EXPECT_EQ(got->job_env, sent.job_env);
  EXPECT_EQ(got->command, sent.command);
  EXPECT_EQ(got->step_id, 0xfffffffbu);
  EXPECT_EQ(got->owner_pid, 42);
  EXPECT_EQ(got->image_good_for, 77u);
  EXPECT_EQ(got->image_digest, "sha256:1");
  EXPECT_EQ(got->devices, sent.devices);
  EXPECT_TRUE(got->devices_by_default);
  EXPECT_EQ(got->env_unset, sent.env_unset);
}

TEST(Contract, EventSurvivesTheJourney) {
  Event sent;
  sent.kind = Event::Kind::started;
  sent.started.attached = true;
  sent.started.env = {"PATH=/bin"};
  sent.started.control_socket = "/run/pyxis/1000/x";
  sent.started.namespaces = {Namespace::user, Namespace::mount};
  auto got = Event::decode(sent.encode());
  ASSERT_TRUE(got.ok());
  EXPECT_TRUE(got->started.attached);
  EXPECT_THAT(got->started.env, ElementsAre("PATH=/bin"));
  EXPECT_THAT(got->started.namespaces, ElementsAre(Namespace::user, Namespace::mount));
}

TEST(Contract, FinishAndEpilogSurviveTheJourney) {
  auto finish = FinishRequest::decode(FinishRequest{"pyxis_c", "/c.sock", true, "/r", "/i"}.encode());
  ASSERT_TRUE(finish.ok());
  EXPECT_EQ(finish->runtime_dir, "/r");
  EXPECT_EQ(finish->importer, "/i");
  auto save = SaveRequest::decode(SaveRequest{"pyxis_c", "/x.sqsh", "/r"}.encode());
  ASSERT_TRUE(save.ok());
  EXPECT_EQ(save->path, "/x.sqsh");
  EXPECT_FALSE(SaveRequest::decode(FinishRequest{}.encode()).ok());
  auto epilog = EpilogRequest::decode(EpilogRequest{"pyxis_7_", false, "/r", 7}.encode());
  ASSERT_TRUE(epilog.ok());
  EXPECT_EQ(epilog->name_prefix, "pyxis_7_");
  EXPECT_FALSE(epilog->temporary_only);
  EXPECT_EQ(epilog->job_id, 7u);
}

TEST(Contract, EveryShortenedRequestIsRefused) {
  auto whole = full_request().encode();
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(StartRequest::decode(std::string_view(whole).substr(0, length)).ok()) << length;
  EXPECT_FALSE(StartRequest::decode(whole + "x").ok());
}

TEST(Contract, OtherMessagesAreRefused) {
  EXPECT_FALSE(StartRequest::decode(JoinRequest{}.encode()).ok());
  EXPECT_FALSE(JoinRequest::decode(Event{}.encode()).ok());
  EXPECT_FALSE(FinishRequest::decode(EpilogRequest{}.encode()).ok());
}

TEST(Contract, AnotherReleaseIsNamed) {
  MessageWriter writer;
  writer.number(contract_version + 1);
  auto got = StartRequest::decode(writer.take());
  ASSERT_FALSE(got.ok());
  EXPECT_THAT(got.error().text(), HasSubstr("of different releases"));
}

}  // namespace
}  // namespace pyxis
