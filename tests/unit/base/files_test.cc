// Opening, reading and writing files by descriptor and name.
#include <algorithm>
#include <thread>

#include "scratch.h"

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::in_child;
using testing::text_of;
using ::testing::UnorderedElementsAre;

class Files : public testing::Scratch {};

TEST_F(Files, ReadWhatWasWritten) {
  const std::string text(200'000, 'x');
  ASSERT_EQ(text_of(write_file(dir(), "file", text)), "");
  EXPECT_EQ(read("file"), text);
  EXPECT_EQ(text_of(read_file(dir(), "file", text.size())), "");
}

TEST_F(Files, TooLongIsAnError) {
  write("file", "12345");
  EXPECT_EQ(code_of(read_file(dir(), "file", 4)), EFBIG);
  EXPECT_EQ(code_of(read_file("/dev/zero", 1 << 20)), EFBIG);
}

TEST_F(Files, ErrorsNameThePath) {
  auto absent = read_file(dir(), "absent");
  EXPECT_EQ(code_of(absent), ENOENT);
  EXPECT_THAT(text_of(absent), HasSubstr("absent"));
  make("directory");
  EXPECT_THAT(text_of(read_file(dir(), "directory")), HasSubstr("directory"));
  auto full = open_path("/dev/full", O_WRONLY);
  ASSERT_TRUE(full.ok());
  auto written = write_all(full->get(), "x");
  EXPECT_EQ(code_of(written), ENOSPC);
  EXPECT_THAT(text_of(written), HasSubstr("quota"));
}

TEST_F(Files, DescriptorsCloseAtExec) {
  write("file", "");
  auto plain = open_at(dir(), "file", O_RDONLY), beneath = open_beneath(dir(), "file", O_RDONLY);
  EXPECT_EQ(::fcntl(plain->get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::fcntl(beneath->get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(Files, WritingReplacesAndLeavesNothingElse) {
  ::umask(022);
  ASSERT_EQ(text_of(write_file(dir(), "file", "old")), "");
  auto before = stat("file").st_ino;
  ASSERT_EQ(text_of(write_file(dir(), "file", "new", 0600)), "");
  EXPECT_EQ(read("file"), "new");
  EXPECT_NE(stat("file").st_ino, before);
  EXPECT_EQ(stat("file").st_mode & 07777, 0600u);
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(Files, WritingReplacesALinkAndNotItsTarget) {
  write("target", "untouched");
  link("target", "link");
  ASSERT_EQ(text_of(write_file(dir(), "link", "new")), "");
  EXPECT_EQ(read("target"), "untouched");
  EXPECT_TRUE(S_ISREG(stat("link").st_mode));
}

TEST_F(Files, AFailedWriteLeavesNothing) {
  make("file/occupied");  // a directory cannot be replaced by a file
  EXPECT_THAT(text_of(write_file(dir(), "file", "new")), HasSubstr("file"));
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(Files, WritingIsNotStoppedByWhatAKilledProcessLeft) {
  in_child([&] {  // a known pid: this child's, with the counter where it stands
    for (int i = 0; i < 100; ++i)
      write("file.tmp-" + std::to_string(::getpid()) + "-" + std::to_string(i), "part");
    EXPECT_EQ(text_of(write_file(dir(), "file", "whole")), "");
  });
  EXPECT_EQ(read("file"), "whole");
}

TEST_F(Files, ReadersSeeTheOldOrTheNew) {
  const std::string old(50'000, 'o'), fresh(70'000, 'n');
  ASSERT_TRUE(write_file(dir(), "file", old).ok());
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(write_file(dir(), "file", i % 2 ? old : fresh).ok());
  });
  for (int i = 0; i < 200; ++i) {
    auto text = read("file");
    EXPECT_TRUE(text == old || text == fresh) << text.size();
  }
  writer.join();
}

TEST_F(Files, OpenInRootKeepsLinksInside) {
  write("canary", "outside");
  write("root/canary", "inside");
  link("/canary", "root/absolute");
  link("../../../canary", "root/dots");
  link("/", "root/top");
  auto root = open_path(path("root"), O_RDONLY | O_DIRECTORY);
  for (auto name : {"absolute", "dots", "/absolute", "top/canary", "top/../canary", "../canary"}) {
    auto file = open_in_root(root->get(), name, O_RDONLY);
    ASSERT_EQ(text_of(file), "") << name;
    EXPECT_EQ(*read_fd(file->get()), "inside") << name;
  }
  auto made = open_in_root(root->get(), "../made", O_WRONLY | O_CREAT, 0644);
  ASSERT_EQ(text_of(made), "");
  EXPECT_TRUE(exists("root/made"));
  EXPECT_FALSE(exists("made"));
}

TEST_F(Files, OpenInRootTakesNoMagicLinks) {
  make("root");
  auto proc = open_path("/proc", O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(code_of(open_in_root(proc->get(), "self/root/etc", O_RDONLY)), ELOOP);
}

TEST_F(Files, OpenBeneathRefusesToLeave) {
  write("canary", "outside");
  make("root/below");
  write("root/file", "inside");
  link("/canary", "root/absolute");
  link("../canary", "root/dots");
  link("file", "root/fine");
  auto root = open_path(path("root"), O_RDONLY | O_DIRECTORY);
  for (auto name : {"absolute", "dots", "../canary", "/canary", "below/../../canary"})
    EXPECT_EQ(code_of(open_beneath(root->get(), name, O_RDONLY)), EXDEV) << name;
  EXPECT_TRUE(open_beneath(root->get(), "fine", O_RDONLY).ok());
  EXPECT_TRUE(open_beneath(root->get(), "below/../file", O_RDONLY).ok());
}

TEST_F(Files, MakeDirectoriesMakesWhatIsMissing) {
  ::umask(022);
  make("a");
  ASSERT_EQ(::chmod(path("a").c_str(), 0711), 0);
  ASSERT_EQ(text_of(make_directories(path("a/b/c/"), 0750)), "");
  EXPECT_EQ(stat("a").st_mode & 07777, 0711u);
  EXPECT_EQ(stat("a/b").st_mode & 07777, 0750u);
  EXPECT_EQ(stat("a/b/c").st_mode & 07777, 0750u);
  EXPECT_EQ(text_of(make_directories(path("a/b/c"))), "");
}

TEST_F(Files, MakeDirectoriesFollowsLinksToDirectories) {
  make("real");
  link("real", "link");
  EXPECT_EQ(text_of(make_directories(path("link/below"))), "");
  EXPECT_TRUE(exists("real/below"));
  EXPECT_EQ(text_of(make_directories(path("link"))), "");
}

TEST_F(Files, MakeDirectoriesRefusesAFileInTheWay) {
  write("file", "");
  EXPECT_EQ(code_of(make_directories(path("file/below"))), ENOTDIR);
  EXPECT_EQ(code_of(make_directories(path("file"))), ENOTDIR);
}

TEST_F(Files, MakeDirectoryAtRefusesLinksAndFiles) {
  make("elsewhere");
  link("elsewhere", "link");
  write("file", "");
  EXPECT_FALSE(make_directory_at(dir(), "link").ok());
  EXPECT_FALSE(make_directory_at(dir(), "file").ok());
  EXPECT_TRUE(make_directory_at(dir(), "elsewhere").ok());
  EXPECT_TRUE(make_directory_at(dir(), "new", 0700).ok());
  EXPECT_EQ(stat("new").st_mode & 07777, 0700u);
}

TEST_F(Files, ListDirectoryGivesAllNamesAnyNumberOfTimes) {
  for (auto name : {"b", ".hidden", "..two", "new\nline"}) write(name, "");
  for (int i = 0; i < 2; ++i) {
    auto list = list_directory(dir());
    ASSERT_EQ(text_of(list), "");
    EXPECT_THAT(*list, UnorderedElementsAre("b", ".hidden", "..two", "new\nline"));
  }
  auto file = open_at(dir(), "b", O_RDONLY);
  EXPECT_EQ(code_of(list_directory(file->get())), ENOTDIR);
}

TEST_F(Files, FdPathLeadsToTheFile) {
  write("file", "text");
  auto fd = open_at(dir(), "file", O_PATH);
  EXPECT_EQ(*read_file(fd_path(fd->get())), "text");
}

std::string changeable(const std::string& path) {
  auto found = changeable_by_others(path);
  return found ? found->text() : "";
}

TEST_F(Files, ChangeableIsWhatOthersThanRootCanWriteToOrReplaceOrPutFilesBeside) {
  const auto file = path("above/directory/file");
  write("above/directory/file", "");
  if (::geteuid() != 0) {
    EXPECT_EQ(changeable(file), file + " belongs to uid " + std::to_string(::geteuid()));
    return;
  }
  EXPECT_EQ(changeable(file), "");
  auto with_mode = [&](const char* name, mode_t mode) {
    EXPECT_EQ(::chmod(path(name).c_str(), mode), 0);
    return changeable(file);
  };
  const std::string by_others = " can be changed by others than root";
  EXPECT_EQ(with_mode("above/directory/file", 0664), file + by_others);
  EXPECT_EQ(with_mode("above/directory/file", 0644), "");
  EXPECT_EQ(with_mode("above/directory", 01777), path("above/directory") + by_others);
  EXPECT_EQ(with_mode("above/directory", 0755), "");
  EXPECT_EQ(with_mode("above", 0777), path("above") + by_others);
  EXPECT_EQ(with_mode("above", 01777), "");
  ASSERT_EQ(::chown(path("above").c_str(), 65534, 0), 0);
  EXPECT_EQ(changeable(file), path("above") + " belongs to uid 65534");
  EXPECT_THAT(changeable(path("absent")), HasSubstr(path("absent") + " "));
}

TEST_F(Files, ReadLinkSaysWhatTheLinkSays) {
  ASSERT_EQ(::symlinkat("../to/nothing", dir(), "link"), 0);
  EXPECT_EQ(*read_link(dir(), "link"), "../to/nothing");
  write("file", "");
  EXPECT_EQ(code_of(read_link(dir(), "file")), EINVAL);
}

}  // namespace
}  // namespace pyxis
