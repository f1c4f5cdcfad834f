#include "support.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "base/fs.h"
#include "sandbox/capabilities.h"
#include "sandbox/userns.h"

namespace pyxis {
namespace {

void become(uid_t uid) {
  if (::geteuid() != 0) return;
  ASSERT_EQ(::setgroups(0, nullptr), 0);
  ASSERT_EQ(::setresgid(uid, uid, uid), 0);
  ASSERT_EQ(::setresuid(uid, uid, uid), 0);
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);  // what an exec would do
}

void expect_good_end(pid_t pid) {
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0) << "the child " << describe_wait_status(status) << ": see above";
}

[[noreturn]] void end_child() {
  std::fflush(nullptr);
  ::_exit(::testing::Test::HasFailure() ? 1 : 0);
}

// An exception must not reach GoogleTest here: it would go on with the next test, in the child.
[[noreturn]] void run_and_end(const std::function<void()>& body) {
  try {
    body();
  } catch (const std::exception& problem) {
    ADD_FAILURE() << problem.what();
  }
  end_child();
}

}  // namespace

void in_child(const std::function<void()>& body) {
  std::fflush(nullptr);
  pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) run_and_end(body);
  expect_good_end(pid);
}

void as_user(const std::function<void(const std::string&)>& body, uid_t uid) {
  std::string directory = "/tmp/pyxis-sandbox-test.XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  ASSERT_TRUE(::geteuid() != 0 || ::chown(directory.c_str(), uid, uid) == 0);
  in_child([&] {
    become(uid);
    body(directory);
  });
  auto parent = open_path("/tmp", O_PATH | O_DIRECTORY);
  EXPECT_EQ(text_of(remove_tree(parent->get(), directory.substr(5))), "");
}

void in_namespaces(const std::function<void(const std::string&)>& body) {
  as_user([&](const std::string& directory) {
    auto map = own_id_map(false);
    auto pid = fork_into_namespaces({Namespace::user, Namespace::mount});
    ASSERT_EQ(text_of(pid), "");
    if (*pid == 0) {
      run_and_end([&] {
        EXPECT_EQ(text_of(write_own_id_map(map)), "");
        EXPECT_EQ(::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr), 0);
        body(directory);
      });
    }
    expect_good_end(*pid);
  });
}

void inside(const Sandbox& sandbox, const std::function<void()>& body) {
  in_child([&] {
    for (const auto& [kind, fd] : sandbox.namespaces) {
      if (kind == Namespace::pid) continue;
      ASSERT_EQ(::setns(fd.get(), static_cast<int>(clone_flag(kind))), 0)
          << namespace_name(kind) << strerror(errno);
    }
    EXPECT_EQ(text_of(drop_capabilities()), "");
    body();
  });
}

void make_file(const std::string& path, std::string_view text) {
  auto file = open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ASSERT_EQ(text_of(file), "");
  ASSERT_EQ(text_of(write_all(file->get(), text)), "");
}

void make_link(const std::string& text, const std::string& path) {
  ASSERT_EQ(::symlink(text.c_str(), path.c_str()), 0) << path;
}

std::string content(const std::string& path) {
  auto text = read_file(path);
  return text.ok() ? *text : "(" + text.error().text() + ")";
}

bool exists(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0;
}

int open_dir(const std::string& path) {
  int fd = ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  EXPECT_GE(fd, 0) << path;
  return fd;
}

SandboxPlan overlay_plan(const std::string& directory, int layers) {
  OverlayRoot root;
  for (int i = 0; i < layers; ++i) {
    root.lower.push_back({directory + "/layer" + std::to_string(i), {}});
    EXPECT_EQ(text_of(make_directories(root.lower.back().path)), "");
  }
  for (auto name : {"/upper", "/work", "/mnt"}) EXPECT_EQ(text_of(make_directories(directory + name)), "");
  root.upper = directory + "/upper";
  root.work = directory + "/work";
  SandboxPlan plan;
  plan.root = std::move(root);
  plan.mount_point = directory + "/mnt";
  return plan;
}

void add_shipped_mounts(SandboxPlan& plan) {
  for (const auto& file : shipped_fstabs()) {
    auto entries = parse_fstab(file.text, {}, file.name);
    ASSERT_EQ(text_of(entries), "");
    for (auto& entry : *entries) (entry.passno < 0 ? plan.early : plan.late).push_back(entry);
  }
}

}  // namespace pyxis
