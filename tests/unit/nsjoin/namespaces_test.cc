#include "nsjoin/namespaces.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>

#include "base/fs.h"
#include "base/process.h"
#include "in_child.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;

// A process in its own user (this user mapped to `inside`), mount and uts namespaces, which ends when this
// goes.
class Holder {
 public:
  explicit Holder(uid_t inside) {
    std::array<int, 2> ends;
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    Fd theirs(ends[1]);
    socket_.reset(ends[0]);
    uid_t uid = ::geteuid();
    gid_t gid = ::getegid();
    pid_ = ::fork();
    if (pid_ == 0) {
      char word = 0;
      socket_.reset();
      bool made = ::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS) == 0 &&
                  write("/proc/self/setgroups", "deny") && write("/proc/self/uid_map", line(inside, uid)) &&
                  write("/proc/self/gid_map", line(inside, gid)) && ::sethostname("inside", 6) == 0 &&
                  ::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) == 0 && ::mkdir("/mnt/only-here", 0755) == 0;
      word = made ? 'y' : 'n';
      if (::write(theirs.get(), &word, 1) == 1) made = ::read(theirs.get(), &word, 1) == 0;
      ::_exit(0);
    }
    theirs.reset();
    char word = 'n';
    EXPECT_EQ(::read(socket_.get(), &word, 1), 1);
    ready_ = word == 'y';
  }
  ~Holder() {
    socket_.reset();
    ::waitpid(pid_, nullptr, 0);
  }
  bool ready() const { return ready_; }
  Fd open(const char* kind) const {
    return Fd(::open(("/proc/" + std::to_string(pid_) + "/ns/" + kind).c_str(), O_RDONLY | O_CLOEXEC));
  }
  std::vector<Fd> all() const {
    std::vector<Fd> fds;
    for (const char* kind : {"mnt", "uts", "user"}) fds.push_back(open(kind));
    return fds;
  }

 private:
  static bool write(const char* path, const std::string& text) {
    Fd fd(::open(path, O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  static std::string line(unsigned inside, unsigned outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1";
  }
  pid_t pid_ = -1;
  Fd socket_;
  bool ready_ = false;
};

const std::vector<Namespace> kinds = {Namespace::mount, Namespace::uts,
                                      Namespace::user};  // in no useful order

std::string capabilities() {
  auto status = read_file("/proc/self/status").value();
  auto begin = status.find("CapEff:\t") + 8;
  return status.substr(begin, 16);
}

class JoinNamespaces : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Holder(1000).ready()) << "user namespaces are needed"; }
};

TEST_F(JoinNamespaces, EntersAllWhateverTheOrder) {
  Holder holder(1000);
  EXPECT_EQ(in_child([&] {
              auto fds = holder.all();
              if (!join_namespaces(kinds, fds).ok()) return 1;
              std::array<char, 65> name{};
              if (::gethostname(name.data(), name.size()) != 0 || std::string(name.data()) != "inside")
                return 2;
              if (::access("/mnt/only-here", F_OK) != 0) return 3;
              return ::getuid() == 1000 ? 0 : 4;
            }),
            0);
}

TEST_F(JoinNamespaces, AnOrdinaryUserKeepsNoCapabilities) {
  Holder holder(1000);
  EXPECT_EQ(in_child([&] {
              auto fds = holder.all();
              if (!join_namespaces(kinds, fds).ok()) return 1;
              if (capabilities() == "0000000000000000") return 2;
              if (!drop_capabilities_unless_root().ok()) return 3;
              return capabilities() == "0000000000000000" ? 0 : 4;
            }),
            0);
}

TEST_F(JoinNamespaces, RootInsideKeepsItsCapabilities) {
  Holder holder(0);
  EXPECT_EQ(in_child([&] {
              auto fds = holder.all();
              if (!join_namespaces(kinds, fds).ok() || !drop_capabilities_unless_root().ok()) return 1;
              return ::getuid() == 0 && capabilities() != "0000000000000000" ? 0 : 2;
            }),
            0);
}

TEST(JoinNamespacesErrors, UnequalListsAreRefused) {
  EXPECT_EQ(join_namespaces({Namespace::user}, {}).error().code, EINVAL);
}

TEST(JoinNamespacesErrors, TheNamespaceIsNamed) {
  std::vector<Fd> fds;
  fds.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  auto joined = join_namespaces({Namespace::ipc}, fds);
  ASSERT_FALSE(joined.ok());
  EXPECT_THAT(joined.error().text(), HasSubstr("ipc namespace"));
}

TEST(EnterDirectory, NamesTheDirectory) {
  auto entered = enter_directory("/no/such/place");
  ASSERT_FALSE(entered.ok());
  EXPECT_THAT(entered.error().text(), HasSubstr("/no/such/place: No such file or directory"));
}

TEST(EnterDirectory, EmptyIsTheRoot) {
  EXPECT_EQ(in_child([] {
              if (!enter_directory("").ok()) return 1;
              std::array<char, 16> here{};
              return ::getcwd(here.data(), here.size()) && std::string(here.data()) == "/" ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace pyxis
