// A scratch directory with a canary beside the layers: whatever a test unpacks, the canary must not change.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <string>

#include "base/fd.h"
#include "base/fs.h"
#include "layer/unpack.h"
#include "tar_builder.h"

namespace pyxis::testing {

// Path → "type mode mtime content-or-target"; directories without the root itself.
using Snapshot = std::map<std::string, std::string>;
Snapshot snapshot(int dir);

std::span<const std::byte> bytes_of(const std::string& text);

class LayerTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // A new empty directory in the scratch directory.
  Fd make(const std::string& name);
  // Unpacks into scratch/NAME, making it.
  Result<LayerFacts> unpack(const std::string& archive, const std::string& name = "layer",
                            UnpackOptions options = {});
  // The same, and it must succeed.
  LayerFacts unpacked(const TarBuilder& archive, const std::string& name = "layer",
                      UnpackOptions options = {});
  // The same, and it must fail with `message` in the error.
  void refused(const TarBuilder& archive, const std::string& message, const std::string& name = "layer");

  Fd open(const std::string& path, int flags = 0);
  struct stat stat(const std::string& path);
  bool exists(const std::string& path);
  std::string read(const std::string& path);
  bool whiteout(const std::string& path);
  bool opaque(const std::string& path);
  std::string xattr(const std::string& path, const std::string& name);
  const std::string& scratch() const { return path_; }
  int scratch_fd() const { return scratch_.get(); }

 private:
  std::string path_;
  Fd scratch_;
  Snapshot canary_;
};

}  // namespace pyxis::testing
