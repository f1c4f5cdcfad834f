// Which devices belong to the host channel adapters that are asked for.
#include "hooks/mellanox.h"

#include "../base/scratch.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::text_of;

class Hcas : public testing::Scratch {
 protected:
  // As on a node where the numbers of devices are not those of adapters, and one has no subnet manager's.
  void SetUp() override {
    Scratch::SetUp();
    for (const auto* name : {"uverbs0", "uverbs1", "uverbs2", "umad0", "umad1", "umad10", "issm0", "rdma_cm"})
      write(std::string("dev/") + name, "");
    adapter("mlx5_0", "uverbs1", {"umad1"});
    adapter("mlx5_1", "uverbs0", {"umad0", "issm0"});
    adapter("mlx5_10", "uverbs2", {"umad10", "issm10"});
  }
  void adapter(const std::string& name, const std::string& verbs, const std::vector<std::string>& mads) {
    make("class/" + name + "/device/infiniband_verbs/" + verbs);
    for (const auto& mad : mads) make("class/" + name + "/device/infiniband_mad/" + mad);
  }
  std::vector<std::string> devices(std::string_view wanted, const std::string& classes = "class") {
    auto chosen = hca_devices(wanted, path("dev"), path(classes));
    EXPECT_EQ(text_of(chosen), "");
    return chosen.ok() ? *chosen : std::vector<std::string>{};
  }
};

TEST_F(Hcas, NothingIsAskedFor) {
  for (const auto* wanted : {"", "none", "void"}) EXPECT_THAT(devices(wanted), IsEmpty()) << wanted;
}

TEST_F(Hcas, AllIsWhatThereIs) {
  EXPECT_EQ(devices("all").size(), 8u);
}

TEST_F(Hcas, AnIndexIsThatOfTheAdaptersName) {
  EXPECT_THAT(devices("0"), ElementsAre("uverbs1", "umad1", "rdma_cm"));
  EXPECT_THAT(devices("1, 2"), ElementsAre("uverbs0", "issm0", "umad0", "uverbs2", "umad10", "rdma_cm"));
  EXPECT_THAT(devices("1,1"), ElementsAre("uverbs0", "issm0", "umad0", "rdma_cm"));
}

TEST_F(Hcas, WithoutClassesItIsThatOfTheDevices) {
  EXPECT_THAT(devices("1", "no/classes"), ElementsAre("uverbs1", "umad1", "rdma_cm"));
}

TEST_F(Hcas, OneThatIsNotThereIsTold) {
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(devices("3"), IsEmpty());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("this node has no adapter 3"));
  EXPECT_THAT(text_of(hca_devices("0,mlx5_1", path("dev"), path("class"))),
              HasSubstr("'mlx5_1' is not the number of an adapter"));
  EXPECT_THAT(text_of(hca_devices("0,", path("dev"), path("class"))), HasSubstr("'' is not the number"));
}

}  // namespace
}  // namespace pyxis
