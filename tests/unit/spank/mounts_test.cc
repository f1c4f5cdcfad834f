#include "spank/mounts.h"

#include <gmock/gmock.h>

namespace pyxis::spank {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string problem(const std::string& text) {
  auto mounts = parse_mounts(text);
  return mounts.ok() ? "" : mounts.error().text();
}

TEST(Mounts, ReadsTheForms) {
  EXPECT_THAT(parse_mounts("/a:/b,/c,./d:e/..,x").ok(), false);
  EXPECT_THAT(parse_mounts("/a:/b,/c,./d:/e").value(),
              ElementsAre(MountRequest{"/a", "/b", "x-create=auto,rbind"},
                          MountRequest{"/c", "/c", "x-create=auto,rbind"},
                          MountRequest{"./d", "/e", "x-create=auto,rbind"}));
}

TEST(Mounts, FlagsAreJoinedByPlus) {
  EXPECT_THAT(parse_mounts("/a:/b:ro+rprivate").value(),
              ElementsAre(MountRequest{"/a", "/b", "x-create=auto,rbind,ro,rprivate"}));
  EXPECT_THAT(parse_mounts("/a:/b:bind+ro").value(),
              ElementsAre(MountRequest{"/a", "/b", "x-create=auto,bind,ro"}));
}

TEST(Mounts, FlagsJoinedByACommaAreToldApartFromMounts) {
  EXPECT_THAT(problem("/etc:/x:ro,rw"), HasSubstr("join flags with '+'"));
  EXPECT_EQ(problem("/a,relative:/b").find("join flags"), std::string::npos);
}

TEST(Mounts, TmpfsAndUmountAreKindsOfTheirOwn) {
  EXPECT_THAT(parse_mounts("tmpfs:/t:size=10M+mode=700,umount:/proc/x").value(),
              ElementsAre(MountRequest{"tmpfs", "/t", "x-create=dir,size=10M,mode=700"},
                          MountRequest{"umount", "/proc/x", "x-detach"}));
}

TEST(Mounts, PathsMayContainSpacesAndLeaveTheirTargetToTheEngine) {
  EXPECT_THAT(parse_mounts("/a b:/c d,/home:../home").value(),
              ElementsAre(MountRequest{"/a b", "/c d", "x-create=auto,rbind"},
                          MountRequest{"/home", "../home", "x-create=auto,rbind"}));
}

TEST(Mounts, TheBadEntryIsNamed) {
  EXPECT_THAT(problem("/a:/b,tmp:/x"), HasSubstr("\"tmp:/x\""));
  EXPECT_THAT(problem("/a:b"), HasSubstr("destination"));
  EXPECT_THAT(problem("/a:"), HasSubstr("destination"));
  EXPECT_THAT(problem("tmpfs"), HasSubstr("destination"));
  EXPECT_THAT(problem("/a:/b:ro:rw"), HasSubstr("too many"));
  EXPECT_THAT(problem("/a:/b:ro+"), HasSubstr("empty flag"));
  EXPECT_THAT(problem("/a,,/b"), HasSubstr("invalid format"));
}

TEST(ResolveSources, RelativeOnesAreTheJobs) {
  std::vector<MountRequest> mounts = {{"./etc", "/x", ""}, {"tmpfs", "/t", ""}, {"..", "/up", ""}};
  resolve_sources(mounts, "/");
  EXPECT_THAT(mounts, ElementsAre(MountRequest{"//./etc", "/x", ""}, MountRequest{"tmpfs", "/t", ""},
                                  MountRequest{"//..", "/up", ""}));
}

}  // namespace
}  // namespace pyxis::spank
