#include "layer_fixture.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <array>
#include <climits>
#include <cstdlib>

namespace pyxis::testing {
namespace {

std::string describe(int dir, const std::string& name, const struct stat& info) {
  std::array<char, 64> head;
  std::snprintf(head.data(), head.size(), "%o %lld.%09ld ", info.st_mode,
                static_cast<long long>(info.st_mtim.tv_sec), info.st_mtim.tv_nsec);
  std::string text = head.data();
  if (S_ISREG(info.st_mode)) {
    auto content = read_file(dir, name);
    return text + (content.ok() ? *content : content.error().text());
  }
  if (S_ISLNK(info.st_mode)) {
    std::array<char, PATH_MAX> target{};
    ssize_t size = ::readlinkat(dir, name.c_str(), target.data(), target.size());
    return text + "-> " + std::string(target.data(), static_cast<size_t>(std::max<ssize_t>(size, 0)));
  }
  return text;
}

void collect(int dir, const std::string& prefix, Snapshot& out) {
  auto names = list_directory(dir);
  ASSERT_TRUE(names.ok()) << names.error().text();
  for (const auto& name : *names) {
    struct stat info;
    if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      out[prefix + name] = "cannot be looked at";
      continue;
    }
    out[prefix + name] = describe(dir, name, info);
    if (!S_ISDIR(info.st_mode)) continue;
    Fd child(::openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    ASSERT_TRUE(child) << prefix << name;
    collect(child.get(), prefix + name + "/", out);
  }
}

}  // namespace

Snapshot snapshot(int dir) {
  Snapshot out;
  collect(dir, "", out);
  return out;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

void LayerTest::SetUp() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base ? base : "/tmp") + "/pyxis-layer-XXXXXX";
  ASSERT_NE(::mkdtemp(path_.data()), nullptr) << path_;
  scratch_ = Fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto canary = make("canary");
  ASSERT_TRUE(write_file(canary.get(), "file", "untouched", 0600).ok());
  ASSERT_EQ(::symlinkat("file", canary.get(), "link"), 0);
  canary_ = snapshot(canary.get());
}

void LayerTest::TearDown() {
  auto canary = open("canary");
  EXPECT_EQ(snapshot(canary.get()), canary_);
  auto cwd = open_path(".", O_RDONLY | O_DIRECTORY);
  EXPECT_TRUE(remove_tree(AT_FDCWD, path_).ok());
}

Fd LayerTest::make(const std::string& name) {
  EXPECT_EQ(::mkdirat(scratch_.get(), name.c_str(), 0755), 0) << name;
  return open(name);
}

Result<LayerFacts> LayerTest::unpack(const std::string& archive, const std::string& name,
                                     UnpackOptions options) {
  auto directory = make(name);
  MemorySource source(bytes_of(archive));
  return unpack_layer(source, directory.get(), options);
}

LayerFacts LayerTest::unpacked(const TarBuilder& archive, const std::string& name, UnpackOptions options) {
  auto facts = unpack(archive.finish(), name, options);
  EXPECT_TRUE(facts.ok()) << facts.error().text();
  return facts.ok() ? std::move(*facts) : LayerFacts{};
}

void LayerTest::refused(const TarBuilder& archive, const std::string& message, const std::string& name) {
  auto facts = unpack(archive.finish(), name);
  ASSERT_FALSE(facts.ok()) << "unpacked what it should refuse";
  EXPECT_THAT(facts.error().text(), ::testing::HasSubstr(message));
}

Fd LayerTest::open(const std::string& path, int flags) {
  Fd fd(::openat(scratch_.get(), path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags));
  EXPECT_TRUE(fd) << path;
  return fd;
}

struct stat LayerTest::stat(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::fstatat(scratch_.get(), path.c_str(), &info, AT_SYMLINK_NOFOLLOW), 0) << path;
  return info;
}

bool LayerTest::exists(const std::string& path) {
  struct stat info;
  return ::fstatat(scratch_.get(), path.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

std::string LayerTest::read(const std::string& path) {
  auto content = read_file(scratch_.get(), path);
  EXPECT_TRUE(content.ok()) << path;
  return content.ok() ? *content : "";
}

bool LayerTest::whiteout(const std::string& path) {
  if (!exists(path)) return false;
  auto info = stat(path);
  return S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0);
}

bool LayerTest::opaque(const std::string& path) {
  return xattr(path, "user.overlay.opaque") == "y";
}

std::string LayerTest::xattr(const std::string& path, const std::string& name) {
  auto fd = open(path);
  std::array<char, 256> value{};
  ssize_t size = ::fgetxattr(fd.get(), name.c_str(), value.data(), value.size());
  return size < 0 ? "" : std::string(value.data(), static_cast<size_t>(size));
}

}  // namespace pyxis::testing
