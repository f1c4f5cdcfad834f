// An empty directory per test, and forked children whose EXPECTs count.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>

#include "base/fs.h"
#include "base/process.h"

namespace pyxis::testing {

// "" on success, else the error's text.
template <class T>
std::string text_of(const Result<T>& result) {
  return result.ok() ? "" : result.error().text();
}

// The errno of a failure, 0 where there was none.
template <class T>
int code_of(const Result<T>& result) {
  return result.ok() ? 0 : result.error().code;
}

// The body in a forked child, which ends without destructors of the parent's objects. Its failures are the
// test's.
inline void in_child(const std::function<void()>& body) {
  std::fflush(nullptr);
  pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    try {
      body();
    } catch (const std::exception& problem) {
      ADD_FAILURE() << problem.what();
    }
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0) << "the child " << describe_wait_status(status) << ": see above";
}

class Scratch : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base ? base : "/tmp") + "/pyxis-test-XXXXXX";
    ASSERT_NE(::mkdtemp(path_.data()), nullptr) << path_;
    dir_ = Fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  void TearDown() override {
    dir_.reset();
    EXPECT_EQ(text_of(remove_tree(AT_FDCWD, path_)), "");
  }

  int dir() const { return dir_.get(); }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

  // Directories on the way are made.
  void make(const std::string& name, mode_t mode = 0755) {
    ASSERT_EQ(text_of(make_directories(path(name), mode)), "");
  }
  void write(const std::string& name, const std::string& text) {
    if (auto slash = name.rfind('/'); slash != name.npos) make(name.substr(0, slash));
    auto file = open_path(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ASSERT_EQ(text_of(file), "");
    ASSERT_EQ(text_of(write_all(file->get(), text)), "");
  }
  void link(const std::string& target, const std::string& name) {
    if (auto slash = name.rfind('/'); slash != name.npos) make(name.substr(0, slash));
    ASSERT_EQ(::symlink(target.c_str(), path(name).c_str()), 0) << name;
  }
  std::string read(const std::string& name) const {
    auto text = read_file(path(name));
    return text.ok() ? *text : "(" + text.error().text() + ")";
  }
  bool exists(const std::string& name) const {
    struct stat info;
    return ::lstat(path(name).c_str(), &info) == 0;
  }
  struct stat stat(const std::string& name) const {
    struct stat info {};
    EXPECT_EQ(::lstat(path(name).c_str(), &info), 0) << name;
    return info;
  }
  std::vector<std::string> names(const std::string& name = ".") const {
    auto opened = open_path(path(name), O_RDONLY | O_DIRECTORY);
    EXPECT_EQ(text_of(opened), "");
    auto list = list_directory(opened->get());
    EXPECT_EQ(text_of(list), "");
    return list.ok() ? *list : std::vector<std::string>{};
  }

 private:
  std::string path_;
  Fd dir_;
};

}  // namespace pyxis::testing
