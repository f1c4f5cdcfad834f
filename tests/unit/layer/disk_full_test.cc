// A full disk is named, with what is used up: a small tmpfs in a user and mount namespace of a forked child.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/disk_full.h"
#include "layer_fixture.h"
#include "namespaces.h"

namespace pyxis {
namespace {

using testing::LayerTest;
using testing::TarBuilder;

class DiskFull : public LayerTest {
 protected:
  // The error of unpacking onto a tmpfs with these mount options.
  std::string unpack_onto(const char* options, const std::string& archive) {
    make("small");
    return testing::in_own_namespaces([&]() -> std::string {
      if (::mount("none", (scratch() + "/small").c_str(), "tmpfs", 0, options) != 0)
        return "mount: " + std::string(strerror(errno));
      auto directory = open_path(scratch() + "/small", O_RDONLY | O_DIRECTORY);
      MemorySource source(testing::bytes_of(archive));
      auto facts = unpack_layer(source, directory->get(), {.form = LayerForm::plain});
      return facts.ok() ? "unpacked" : facts.error().text();
    });
  }
};

TEST_F(DiskFull, OfSpace) {
  auto error =
      unpack_onto("size=1m,mode=0755", TarBuilder().file("d/big", std::string(5'000'000, 'x')).finish());
  EXPECT_THAT(error, ::testing::StartsWith(
                         "unpack layer: d/big: write: No space left on device; the file system that holds " +
                         scratch() + "/small is full: 0 B of 1.0 MB"));
}

// What did not fit was removed before somebody looks.
TEST_F(DiskFull, OfWhatIsGoneAgain) {
  make("small");
  auto error = testing::in_own_namespaces([&]() -> std::string {
    if (::mount("none", (scratch() + "/small").c_str(), "tmpfs", 0, "size=1m,mode=0755") != 0)
      return "mount: " + std::string(strerror(errno));
    auto directory = open_path(scratch() + "/small", O_RDONLY | O_DIRECTORY);
    return explain_full_disk(sys_error("write", ENOSPC), directory->get()).text();
  });
  EXPECT_THAT(error, ::testing::HasSubstr("/small is too small for it: 1.0 MB of 1.0 MB"));
}

TEST_F(DiskFull, OfInodes) {
  TarBuilder archive;
  for (int i = 0; i < 100; ++i) archive.file("f" + std::to_string(i), "");
  auto error = unpack_onto("nr_inodes=20,mode=0755", archive.finish());
  EXPECT_THAT(error, ::testing::HasSubstr("create: No space left on device"));
  EXPECT_THAT(error, ::testing::HasSubstr("0 of 20 inodes are left"));
}

}  // namespace
}  // namespace pyxis
