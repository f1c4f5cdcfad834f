#include "enroot/joined.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/process.h"

namespace pyxis::enroot {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// A process in a user and a mount namespace of its own, with an environment of its own.
class JoinListed : public ::testing::Test {
 protected:
  void start(std::vector<std::string> command) {
    std::array<int, 2> ends;
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    Fd reader(ends[0]), writer(ends[1]);
    auto started = spawn({"/usr/bin/env", std::move(command), {"PATH=/usr/bin:/bin"}, {{writer.get(), 1}}});
    ASSERT_TRUE(started.ok()) << started.error().text();
    process = std::move(*started);
    writer.reset();
    char byte;
    ASSERT_EQ(::read(reader.get(), &byte, 1), 1) << "unshare(1) has failed";
  }
  void start_in_namespaces() {
    start({"env", "unshare", "--user", "--mount", "env", "-i", "IMAGE=1", "ENROOT_X=1", "/bin/sh", "-c",
           "echo; exec /usr/bin/sleep 1000"});
  }
  unsigned long long inode(const char* kind) {
    struct stat info;
    EXPECT_EQ(::stat(("/proc/" + std::to_string(process.pid()) + "/ns/" + kind).c_str(), &info), 0);
    return info.st_ino;
  }
  ListedProcess listed() { return {process.pid(), {12, inode("mnt"), inode("user")}}; }
  Child process;
};

TEST_F(JoinListed, GivesNamespacesAndEnvironment) {
  start_in_namespaces();
  auto joined = join_listed(listed());
  ASSERT_TRUE(joined.ok()) << joined.error().text();
  ASSERT_TRUE(*joined);
  std::vector<Namespace> kinds;
  for (const auto& [kind, fd] : (*joined)->namespaces) kinds.push_back(kind);
  EXPECT_THAT(kinds, ::testing::ElementsAre(Namespace::user, Namespace::mount));  // the others are ours, too
  EXPECT_THAT((*joined)->started.env, Contains("IMAGE=1"));
  EXPECT_THAT((*joined)->started.env, Not(Contains("ENROOT_X=1")));
  EXPECT_EQ((*joined)->started.workdir, "/");
}

TEST_F(JoinListed, IsNothingWhereTheNumberIsAnotherProcesss) {
  start_in_namespaces();
  auto other = listed();
  other.numbers[2] += 1;
  auto joined = join_listed(other);
  ASSERT_TRUE(joined.ok());
  EXPECT_FALSE(*joined);
}

TEST_F(JoinListed, IsNothingWhereTheProcessHasEnded) {
  start_in_namespaces();
  auto gone = listed();
  process = Child();
  auto joined = join_listed(gone);
  ASSERT_TRUE(joined.ok()) << joined.error().text();
  EXPECT_FALSE(*joined);
}

TEST_F(JoinListed, RefusesAProcessThatIsInNoContainer) {
  start({"env", "/bin/sh", "-c", "echo; exec /usr/bin/sleep 1000"});
  auto joined = join_listed(listed());
  ASSERT_FALSE(joined.ok());
  EXPECT_THAT(joined.error().text(), HasSubstr("the user namespace is the node's own"));
}

TEST(Started, HasAKindForEachDescriptor) {
  Joined joined;
  joined.started.workdir = "/w";
  joined.namespaces.emplace_back(Namespace::user, Fd(::dup(0)));
  joined.namespaces.emplace_back(Namespace::mount, Fd(::dup(0)));
  std::vector<int> descriptors;
  auto event = Event::decode(encode_started(joined, descriptors));
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->kind, Event::Kind::started);
  EXPECT_EQ(event->started.workdir, "/w");
  EXPECT_THAT(event->started.namespaces, SizeIs(descriptors.size()));
}

}  // namespace
}  // namespace pyxis::enroot
