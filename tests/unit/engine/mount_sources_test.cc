#include "engine/mount_sources.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

std::string problem(const std::vector<MountRequest>& mounts) {
  auto checked = check_mount_sources(mounts);
  return checked.ok() ? "" : checked.error().text();
}

TEST(MountSources, OneThatIsNotThereIsSaidInTheKnownWords) {
  EXPECT_EQ(problem({{"/etc", "/x", ""}, {"/no/such", "/x", ""}}),
            "--container-mounts: source path does not exist: /no/such; check it on this node");
  EXPECT_EQ(problem({{"/etc/passwd/x", "/x", ""}}),
            "--container-mounts: source path does not exist: /etc/passwd/x; check it on this node");
}

TEST(MountSources, OthersAreNotLookedFor) {
  EXPECT_EQ(problem({{"/etc", "/x", ""}, {"tmpfs", "/t", "x-create=dir"}, {"umount", "/u", "x-detach"}}), "");
  EXPECT_EQ(problem({{"/no/such", "/no/such", std::string("rbind,") + own_mount_option + ",ro"}}), "");
}

}  // namespace
}  // namespace pyxis
