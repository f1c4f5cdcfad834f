// How nvidia-container-cli is called.
#include "hooks/nvidia.h"

#include "hook_fixture.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::text_of;

class Nvidia : public testing::Hook {
 protected:
  std::vector<std::string> arguments(const std::vector<std::string>& container,
                                     const std::vector<std::string>& host = {}) {
    container_ = Environment::from(container);
    host_ = Environment::from(host);
    auto found = nvidia_arguments(context(), "/sbin/ldconfig");
    EXPECT_EQ(text_of(found), "");
    return found.ok() && *found ? **found : std::vector<std::string>{"nothing"};
  }
};

TEST_F(Nvidia, WithoutVisibleDevicesNothing) {
  for (const auto* value : {"", "void"}) {
    auto variable = std::string("NVIDIA_VISIBLE_DEVICES=") + value;
    EXPECT_THAT(arguments({variable}, {"NVIDIA_VISIBLE_DEVICES=all"}), ElementsAre("nothing"));
    EXPECT_THAT(arguments({}, {variable}), ElementsAre("nothing"));
  }
  EXPECT_THAT(arguments({"NVIDIA_DRIVER_CAPABILITIES=all", "CUDA_VERSION=12.0.1"}), ElementsAre("nothing"));
}

TEST_F(Nvidia, ComputeAndUtilityUnlessSaidOtherwise) {
  EXPECT_THAT(arguments({"NVIDIA_VISIBLE_DEVICES=all"}),
              ElementsAre("--user", "configure", "--no-cgroups", "--ldconfig=@/sbin/ldconfig", "--device=all",
                          "--compute", "--utility"));
  EXPECT_THAT(arguments({"NVIDIA_VISIBLE_DEVICES=0", "NVIDIA_DRIVER_CAPABILITIES=video, compute,video"}),
              ElementsAre("--user", "configure", "--no-cgroups", "--ldconfig=@/sbin/ldconfig", "--device=0",
                          "--video", "--compute"));
}

TEST_F(Nvidia, TheContainersValuesCountBeforeTheJobs) {
  EXPECT_THAT(arguments({"NVIDIA_VISIBLE_DEVICES=1", "NVIDIA_REQUIRE_CUDA=cuda>=11"},
                        {"NVIDIA_VISIBLE_DEVICES=2", "NVIDIA_REQUIRE_CUDA=cuda>=12", "NVIDIA_REQUIRE_ARCH=x",
                         "NVIDIA_DRIVER_CAPABILITIES=utility"}),
              ElementsAre("--user", "configure", "--no-cgroups", "--ldconfig=@/sbin/ldconfig", "--device=1",
                          "--utility", "--require=x", "--require=cuda>=11"));
}

TEST_F(Nvidia, AVersionOfCudaIsARequirement) {
  EXPECT_EQ(arguments({"NVIDIA_VISIBLE_DEVICES=0", "CUDA_VERSION=10.2.89"}).back(), "--require=cuda>=10.2");
  EXPECT_EQ(arguments({"NVIDIA_VISIBLE_DEVICES=0", "CUDA_VERSION=odd"}).back(), "--utility");
  EXPECT_EQ(
      arguments({"NVIDIA_VISIBLE_DEVICES=0", "CUDA_VERSION=10.2.89", "NVIDIA_REQUIRE_CUDA=cuda>=9"}).back(),
      "--require=cuda>=9");
  EXPECT_EQ(
      arguments({"NVIDIA_VISIBLE_DEVICES=0", "CUDA_VERSION=10.2.89", "NVIDIA_DISABLE_REQUIRE=true"}).back(),
      "--utility");
}

TEST_F(Nvidia, AnUnknownCapabilityIsAnError) {
  container_ = Environment::from({"NVIDIA_VISIBLE_DEVICES=0", "NVIDIA_DRIVER_CAPABILITIES=compute,magic"});
  EXPECT_THAT(text_of(nvidia_arguments(context(), "")), HasSubstr("'magic' is not a capability"));
}

}  // namespace
}  // namespace pyxis
