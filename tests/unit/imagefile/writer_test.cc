// Images are judged by unsquashfs, not by code of ours.
#include "squash/writer.h"

#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include "../base/scratch.h"
#include "../layer/namespaces.h"

// The library frees nothing of what is under way when it is given up: then the program ends.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions() {
  return "leak:libsquashfs";
}

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::HasSubstr;
using testing::text_of;

class WriterTest : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    make("tree");
  }

  SquashRequest request(const std::string& words = {}) {
    tree_ = std::move(*open_path(path("tree"), O_PATH | O_DIRECTORY));
    SquashRequest made;
    made.root = tree_.get();
    made.compression = *parse_compression_options(words);
    made.processors = 4;
    return made;
  }
  Result<SquashFacts> pack(const SquashRequest& request, const std::string& name = "image") {
    auto file = TRY(open_path(path(name), O_RDWR | O_CREAT | O_TRUNC, 0644));
    return write_squash(request, file.get());
  }
  // Unpacks the image to "out".
  void unpack() {
    auto command = "unsquashfs -quiet -no-progress -xattrs -d " + path("out") + " " + path("image") + " >" +
                   path("log") + " 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << read("log");
  }
  void pack_and_unpack(const SquashRequest& request) {
    ASSERT_EQ(text_of(pack(request)), "");
    unpack();
  }
  bool same(const std::string& name) { return read("out/" + name) == read("tree/" + name); }
  // What unsquashfs says about the image.
  std::string listed(const std::string& options) {
    EXPECT_EQ(std::system(("unsquashfs " + options + " " + path("image") + " >" + path("list")).c_str()), 0);
    return read("list");
  }
  // That no run of it is like another.
  static std::string noise(size_t size, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::string bytes(size, 0);
    std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
    return bytes;
  }
  void set_time(const std::string& name, time_t seconds) {
    struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path(name).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  void write_all_kinds() {
    write("tree/small", "hello\n");
    write("tree/empty", "");
    write("tree/d/e/f/deep", "deep");
    make("tree/hollow");
    write("tree/block", noise(128 << 10, 2));
    write("tree/large", noise(1'000'000) + std::string(500'000, 'x') + "end");
    write("tree/text", std::string(300'000, 'y'));
    link("/etc/nowhere", "tree/link");
    link("d/e", "tree/d/to-e");
    ASSERT_EQ(::mkfifo(path("tree/pipe").c_str(), 0640), 0);
    ASSERT_EQ(::link(path("tree/d/e/f/deep").c_str(), path("tree/again").c_str()), 0);
    ASSERT_EQ(::link(path("tree/d/e/f/deep").c_str(), path("tree/d/again").c_str()), 0);
  }

 private:
  Fd tree_;
};

TEST_F(WriterTest, AllKindsOfFilesComeBack) {
  write_all_kinds();
  pack_and_unpack(request());
  for (const char* name : {"small", "empty", "d/e/f/deep", "block", "large", "text"})
    EXPECT_TRUE(same(name)) << name;
  EXPECT_TRUE(S_ISDIR(stat("out/hollow").st_mode));
  EXPECT_EQ(std::filesystem::read_symlink(path("out/link")), "/etc/nowhere");
  EXPECT_EQ(std::filesystem::read_symlink(path("out/d/to-e")), "d/e");
  EXPECT_TRUE(S_ISFIFO(stat("out/pipe").st_mode));
  EXPECT_EQ(stat("out/again").st_ino, stat("out/d/e/f/deep").st_ino);
  EXPECT_EQ(stat("out/d/again").st_ino, stat("out/again").st_ino);
  EXPECT_EQ(stat("out/again").st_nlink, 3u);
}

TEST_F(WriterTest, AllCompressionsCanBeRead) {
  write_all_kinds();
  for (const char* words :
       {"-comp gzip", "-comp gzip -Xcompression-level 1", "-comp lz4", "-comp lz4 -Xhc", "-comp xz",
        "-comp zstd -Xcompression-level 19", "-noI -noD -noF -noX", "-noD", "-noF", "-noI", "-no-fragments",
        "-always-use-fragments", "-no-duplicates", "-b 4K", "-b 1M", "-noD -always-use-fragments"}) {
    SCOPED_TRACE(words);
    pack_and_unpack(request(words));
    for (const char* name : {"small", "empty", "d/e/f/deep", "block", "large", "text"})
      EXPECT_TRUE(same(name)) << name;
    ASSERT_EQ(text_of(remove_tree(dir(), "out")), "");
  }
}

TEST_F(WriterTest, WhatIsToBeStoredIsNotCompressed) {
  write("tree/text", std::string(300'000, 'y'));
  write("tree/small", std::string(50'000, 'z'));
  auto size = [&](const char* words) {
    EXPECT_EQ(text_of(pack(request(words))), "");
    return stat("image").st_size;
  };
  EXPECT_LT(size(""), 8192);
  EXPECT_GT(size("-noD"), 300'000);
  EXPECT_LT(size("-noD"), 310'000);
  EXPECT_GT(size("-noF"), 50'000);
  EXPECT_LT(size("-noF"), 60'000);
  EXPECT_GT(size("-noF -noD"), 350'000);
}

TEST_F(WriterTest, ModesAndTimesAreKept) {
  write("tree/program", "#!/bin/sh\n");
  make("tree/closed");
  make("tree/sticky");
  ::chmod(path("tree/program").c_str(), 06751);
  ::chmod(path("tree/sticky").c_str(), 01777);
  ::chmod(path("tree/closed").c_str(), 0500);
  set_time("tree/program", 1'000'000'000);
  set_time("tree/sticky", -5);
  set_time("tree", 1'234'567'890);
  pack_and_unpack(request());
  EXPECT_EQ(stat("out/program").st_mode, S_IFREG | 06751u);
  EXPECT_EQ(stat("out/sticky").st_mode, S_IFDIR | 01777u);
  EXPECT_EQ(stat("out/closed").st_mode, S_IFDIR | 0500u);
  EXPECT_EQ(stat("out/program").st_mtime, 1'000'000'000);
  EXPECT_EQ(stat("out/sticky").st_mtime, 0);
  EXPECT_EQ(stat("out").st_mtime, 1'234'567'890);
}

TEST_F(WriterTest, EverythingBelongsToRoot) {
  write("tree/d/file", "x");
  ASSERT_EQ(::chown(path("tree/d/file").c_str(), 1234, 1234), ::geteuid() == 0 ? 0 : -1);
  ASSERT_EQ(text_of(pack(request())), "");
  auto lines = listed("-lln");
  EXPECT_THAT(lines, HasSubstr("0/0"));
  EXPECT_THAT(lines, ::testing::Not(HasSubstr("1234")));
}

TEST_F(WriterTest, AttributesOfUsersAreKeptButOverlays) {
  write("tree/file", "x");
  write("tree/same", "y");
  make("tree/d");
  auto set = [&](const char* file, const char* name, const char* value) {
    ASSERT_EQ(::setxattr(path(file).c_str(), name, value, strlen(value), 0), 0) << strerror(errno);
  };
  set("tree/file", "user.colour", "red");
  set("tree/same", "user.colour", "red");
  set("tree/d", "user.kind", "box");
  set("tree/d", "user.overlay.opaque", "y");
  pack_and_unpack(request());
  auto get = [&](const char* file, const char* name) {
    char value[64];
    ssize_t size = ::getxattr(path(file).c_str(), name, value, sizeof value);
    return size < 0 ? std::string(strerror(errno)) : std::string(value, static_cast<size_t>(size));
  };
  EXPECT_EQ(get("out/file", "user.colour"), "red");
  EXPECT_EQ(get("out/same", "user.colour"), "red");
  EXPECT_EQ(get("out/d", "user.kind"), "box");
  EXPECT_EQ(get("out/d", "user.overlay.opaque"), strerror(ENODATA));
}

TEST_F(WriterTest, SocketsAreLeftOut) {
  write("tree/file", "x");
  ASSERT_EQ(::mknod(path("tree/socket").c_str(), S_IFSOCK | 0600, 0), 0);
  pack_and_unpack(request());
  EXPECT_THAT(names("out"), ::testing::ElementsAre("file"));
}

TEST_F(WriterTest, NamesOfAnyBytesInLargeDirectories) {
  for (int i = 0; i < 3000; ++i) write("tree/many/" + std::to_string(i * 7919) + "-file", std::to_string(i));
  write("tree/\xff\xfe not utf-8\n", "odd");
  write("tree/" + std::string(255, 'n'), "long");
  pack_and_unpack(request());
  EXPECT_EQ(names("out/many").size(), 3000u);
  EXPECT_EQ(read("out/many/7919-file"), "1");
  EXPECT_EQ(read("out/\xff\xfe not utf-8\n"), "odd");
  EXPECT_EQ(read("out/" + std::string(255, 'n')), "long");
}

TEST_F(WriterTest, HolesTakeNoSpace) {
  write("tree/sparse", "begin");
  ASSERT_EQ(::truncate(path("tree/sparse").c_str(), 50 << 20), 0);
  pack_and_unpack(request("-noD"));
  EXPECT_LT(stat("image").st_size, 200'000);
  EXPECT_EQ(stat("out/sparse").st_size, 50 << 20);
  EXPECT_EQ(read("out/sparse").substr(0, 6), std::string("begin\0", 6));
}

TEST_F(WriterTest, EqualFilesAreStoredOnce) {
  for (const char* name : {"a", "b", "c"}) write(std::string("tree/") + name, noise(400'000));
  for (const char* name : {"d", "e", "f"}) write(std::string("tree/") + name, noise(40'000, 3));
  pack_and_unpack(request());
  EXPECT_LT(stat("image").st_size, 460'000);
  EXPECT_TRUE(same("c"));
  EXPECT_TRUE(same("f"));
}

// --- files that are added ---

TEST_F(WriterTest, ExtraFilesReplaceAndAdd) {
  write("tree/etc/environment", "of the tree");
  write("tree/etc/passwd", "stays");
  auto wanted = request();
  wanted.extra = {{"etc/environment", "new\n"},
                  {"etc/rc", "run\n", 0755},
                  {"made/for/it", "x"},
                  {"top", "t"},
                  {"none", ""}};
  pack_and_unpack(wanted);
  EXPECT_EQ(read("out/etc/environment"), "new\n");
  EXPECT_EQ(read("out/etc/rc"), "run\n");
  EXPECT_EQ(stat("out/etc/rc").st_mode & 07777, 0755u);
  EXPECT_EQ(read("out/etc/passwd"), "stays");
  EXPECT_EQ(read("out/made/for/it"), "x");
  EXPECT_EQ(read("out/top"), "t");
  EXPECT_EQ(read("out/none"), "");
  EXPECT_EQ(stat("out/etc/rc").st_mtime, stat("tree/etc").st_mtime);
  EXPECT_EQ(read("tree/etc/environment"), "of the tree");
  EXPECT_FALSE(exists("tree/etc/rc"));
}

TEST_F(WriterTest, ExtraFilesFollowTheTreesLinksWithinIt) {
  make("tree/usr/etc");
  link("/usr/etc", "tree/etc");
  link("../../../etc/rc", "tree/usr/etc/rc");
  auto wanted = request();
  wanted.extra = {{"etc/rc", "run\n"}};
  pack_and_unpack(wanted);
  EXPECT_EQ(read("out/usr/etc/rc"), "run\n");
  EXPECT_TRUE(S_ISREG(stat("out/usr/etc/rc").st_mode));
  EXPECT_TRUE(S_ISLNK(stat("out/etc").st_mode));
}

TEST_F(WriterTest, ExtraFilesWhereThereIsNoDirectory) {
  write("tree/etc", "a file");
  auto wanted = request();
  wanted.extra = {{"etc/rc", "run\n"}};
  EXPECT_THAT(text_of(pack(wanted)), HasSubstr("etc: "));
  ::unlink(path("tree/etc").c_str());
  link("etc", "tree/etc");
  EXPECT_EQ(code_of(pack(wanted)), ELOOP);
}

// --- the same again ---

TEST_F(WriterTest, TwoRunsGiveTheSameBytes) {
  write_all_kinds();
  for (int i = 0; i < 500; ++i)
    write("tree/many/" + std::to_string(i), noise(static_cast<size_t>(i) * 300, 5));
  auto wanted = request();
  wanted.epoch = 1'500'000'000;
  wanted.extra = {{"etc/rc", "run\n"}};
  ASSERT_EQ(text_of(pack(wanted, "one")), "");
  wanted.processors = 1;
  ASSERT_EQ(text_of(pack(wanted, "two")), "");
  EXPECT_TRUE(read("one") == read("two"));
}

TEST_F(WriterTest, TheEpochIsTheDateAndTheLatestOfAll) {
  write("tree/old", "x");
  set_time("tree/old", 1'000'000'000);
  write("tree/new", "x");
  auto wanted = request();
  wanted.epoch = 1'500'000'000;
  pack_and_unpack(wanted);
  EXPECT_EQ(stat("out/old").st_mtime, 1'000'000'000);
  EXPECT_EQ(stat("out/new").st_mtime, 1'500'000'000);
  auto now = request();
  ASSERT_EQ(text_of(pack(now, "now")), "");
  auto image = read("image"), later = read("now");
  EXPECT_EQ(image.substr(8, 4), std::string({0x00, 0x2f, 0x68, 0x59}));  // the super block's time
  EXPECT_NE(later.substr(8, 4), image.substr(8, 4));
}

// --- what goes wrong ---

TEST_F(WriterTest, AFileThatCannotBeReadIsNamed) {
  write("tree/d/secret", "x");
  ::chmod(path("tree/d/secret").c_str(), 0);
  auto wanted = request();
  auto file = open_path(path("image"), O_RDWR | O_CREAT, 0644);
  std::string error;
  // A thread's own identity for files: root, too, is somebody there who may not read everything.
  std::thread([&] {
    ::setfsuid(65534);
    error = text_of(write_squash(wanted, file->get()));
  }).join();
  EXPECT_THAT(error, HasSubstr("d/secret: open: Permission denied"));
}

TEST_F(WriterTest, AskedToStop) {
  write("tree/large", noise(5'000'000));
  std::stop_source stop;
  auto wanted = request();
  wanted.stop = stop.get_token();
  wanted.progress = [&](uint64_t) { stop.request_stop(); };
  EXPECT_EQ(code_of(pack(wanted)), ECANCELED);
}

TEST_F(WriterTest, AFullDiskIsAnErrorOfWriting) {
  write("tree/large", noise(5'000'000));
  make("small");
  auto error = testing::in_own_namespaces([&]() -> std::string {
    if (::mount("none", path("small").c_str(), "tmpfs", 0, "size=1m") != 0) return "mount";
    auto written = pack(request(), "small/image");
    return written.ok() ? "written" : std::to_string(written.error().code) + " " + written.error().text();
  });
  EXPECT_EQ(error, std::to_string(ENOSPC) + " write: No space left on device");
}

TEST_F(WriterTest, ALimitOnFilesIsAnErrorOfWriting) {
  write("tree/large", noise(5'000'000));
  testing::in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {1 << 20, 1 << 20};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    EXPECT_EQ(code_of(pack(request())), EFBIG);
  });
}

TEST_F(WriterTest, ProgressCountsWhatIsRead) {
  write("tree/large", noise(3'000'000));
  write("tree/small", "12345");
  uint64_t last = 0;
  auto wanted = request();
  wanted.progress = [&](uint64_t bytes) {
    EXPECT_GT(bytes, last);
    last = bytes;
  };
  auto facts = pack(wanted);
  ASSERT_EQ(text_of(facts), "");
  EXPECT_EQ(last, 3'000'005u);
  EXPECT_EQ(facts->bytes_read, 3'000'005u);
  EXPECT_EQ(facts->inodes, 3u);
  EXPECT_EQ(facts->bytes_written, static_cast<uint64_t>(stat("image").st_size));
}

}  // namespace
}  // namespace pyxis
