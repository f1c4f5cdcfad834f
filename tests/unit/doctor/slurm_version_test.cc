#include "doctor/slurm_version.h"

#include <gmock/gmock.h>

namespace pyxis::doctor {
namespace {

std::string parsed(std::string_view text) {
  auto version = SlurmVersion::parse(text);
  return version ? version->text() : "none";
}

TEST(SlurmVersion, IsReadFromWhatProgramsPrint) {
  EXPECT_EQ(parsed("slurm-wlm 22.05.8\n"), "22.05.8");
  EXPECT_EQ(parsed("slurm 23.11.0-0rc1\n"), "23.11.0");
  EXPECT_EQ(parsed("slurm 24.05.10\nmore"), "24.05.10");
  EXPECT_EQ(parsed("25.11.1"), "25.11.1");
  for (const char* none : {"", "slurm", "slurm 22", "slurm 22.05", "slurm 22.x.1", "slurm 99999999999.1.1"})
    EXPECT_EQ(parsed(none), "none") << none;
}

TEST(SlurmVersion, IsReadFromThePluginsNumber) {
  EXPECT_EQ(SlurmVersion::of_number(0x160508).text(), "22.05.8");
  EXPECT_EQ(SlurmVersion::of_number(0x180b0a).text(), "24.11.10");
}

TEST(SlurmVersion, PluginsOfTheSameReleaseAreLoadedWhateverTheirMaintenanceRelease) {
  SlurmVersion slurm{22, 5, 8};
  EXPECT_TRUE(slurm.loads({22, 5, 11}));
  EXPECT_FALSE(slurm.loads({22, 11, 8}));
  EXPECT_FALSE(slurm.loads({23, 5, 8}));
}

}  // namespace
}  // namespace pyxis::doctor
