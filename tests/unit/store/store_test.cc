// The store's format, its staging directories and its locks.
#include <sys/resource.h>

#include "store_fixture.h"

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::HasSubstr;
using testing::in_child;
using ::testing::IsEmpty;
using testing::text_of;
using ::testing::UnorderedElementsAre;

class StoreItself : public testing::StoreTest {
 protected:
  // A process that makes a staging directory and holds it until the pipe is closed.
  struct Holder {
    pid_t pid;
    Fd leash;
  };
  Holder hold_staging() {
    int ready[2], leash[2];
    EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(leash, O_CLOEXEC), 0);
    pid_t pid = ::fork();
    if (pid == 0) {
      ::close(leash[1]);
      auto staging = store().stage();
      char byte = 'x';
      if (!staging.ok() || !write_file(staging->fd(), "file", "part").ok() ||
          ::write(ready[1], &byte, 1) != 1)
        ::_exit(1);
      (void)!::read(leash[0], &byte, 1);
      ::_exit(0);  // without destructors, as if killed
    }
    ::close(ready[1]);
    ::close(leash[0]);
    char byte;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    return {pid, Fd(leash[1])};
  }
  static void end(Holder& holder) {
    holder.leash.reset();
    EXPECT_EQ(::waitpid(holder.pid, nullptr, 0), holder.pid);
  }
};

TEST_F(StoreItself, IsMadeOnceAndKeepsItsForm) {
  make("other");
  auto made = Store::open(path("other"), [] { return StoreForm::plain; });
  ASSERT_EQ(text_of(made), "");
  EXPECT_EQ(made->form(), StoreForm::plain);
  bool asked = false;
  auto again = Store::open(path("other"), [&] {
    asked = true;
    return StoreForm::overlay;
  });
  ASSERT_EQ(text_of(again), "");
  EXPECT_FALSE(asked);
  EXPECT_EQ(again->form(), StoreForm::plain);
  EXPECT_EQ(stat("store/layers").st_mode & 07777, 0700u);
}

TEST_F(StoreItself, ThatAnotherUserHasMadeIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "run as an ordinary user: only root can give a directory away";
  ASSERT_EQ(text_of(Store::open(path("other"), [] { return StoreForm::overlay; })), "");
  for (auto name : {"other/layers/sha256", "other/refs", "other"}) {
    ASSERT_EQ(::chown(path(name).c_str(), 12345, 12345), 0);
    EXPECT_THAT(
        text_of(Store::open(path("other"), [] { return StoreForm::overlay; })),
        HasSubstr("belongs to another user (uid 12345); set ENROOT_DATA_PATH to a directory of your own"));
    ASSERT_EQ(::chown(path(name).c_str(), 0, 0), 0);
  }
}

TEST_F(StoreItself, IsWritableForItsUserAlone) {
  make("other/layers");
  ASSERT_EQ(::chmod(path("other").c_str(), 0777), 0);
  ASSERT_EQ(::chmod(path("other/layers").c_str(), 0777), 0);
  ASSERT_EQ(text_of(Store::open(path("other"), [] { return StoreForm::overlay; })), "");
  for (auto name : {"other", "other/layers"}) EXPECT_EQ(stat(name).st_mode & 022, 0u) << name;
}

TEST_F(StoreItself, OfAnotherReleaseIsRefused) {
  for (std::string version : {"pyxis-store 2 overlay\n", "pyxis-store 1 squash\n", "something else"}) {
    write("store/version", version);
    auto opened = Store::open(path("store"), [] { return StoreForm::overlay; });
    ASSERT_FALSE(opened.ok()) << version;
    EXPECT_THAT(text_of(opened), HasSubstr(path("store/version")));
    EXPECT_THAT(opened.error().remedy, HasSubstr("ENROOT_DATA_PATH"));
    EXPECT_EQ(read("store/version"), version);
  }
}

TEST_F(StoreItself, WhoseVersionACrashEmptiedGetsItAnew) {
  for (std::string left : {std::string(), std::string(20, '\0')}) {
    write("store/version", left);
    auto opened = Store::open(path("store"), [] { return StoreForm::plain; });
    ASSERT_EQ(text_of(opened), "");
    EXPECT_EQ(opened->form(), StoreForm::plain);
    EXPECT_EQ(read("store/version"), "pyxis-store 1 plain\n");
  }
}

TEST_F(StoreItself, StagingIsRemovedUnlessPublished) {
  {
    auto staging = stage();
    ASSERT_TRUE(write_file(staging.fd(), "file", "").ok());
    EXPECT_EQ(names("store/tmp").size(), 1u);
    auto moved = std::move(staging);
    EXPECT_EQ(names("store/tmp").size(), 1u);
  }
  EXPECT_THAT(names("store/tmp"), IsEmpty());
  auto staging = stage();
  ASSERT_TRUE(write_file(staging.fd(), "file", "text").ok());
  EXPECT_EQ(text_of(staging.publish(store().layers(), "name")), "");
  EXPECT_EQ(read("store/layers/sha256/name/file"), "text");
  EXPECT_THAT(names("store/tmp"), IsEmpty());
}

TEST_F(StoreItself, PublishingReplacesNothing) {
  make("store/layers/sha256/name");
  auto staging = stage();
  EXPECT_EQ(code_of(staging.publish(store().layers(), "name")), EEXIST);
}

TEST_F(StoreItself, StagingDirectoriesAreDistinctWhateverIsThere) {
  in_child([&] {
    for (int i = 0; i < 50; ++i) make("store/tmp/" + std::to_string(::getpid()) + "-" + std::to_string(i));
    auto first = stage(), second = stage();
    EXPECT_TRUE(write_file(first.fd(), "file", "").ok());
    EXPECT_EQ(code_of(read_file(second.fd(), "file")), ENOENT);
  });
}

TEST_F(StoreItself, StagingWithoutDescriptorsIsAnError) {
  in_child([&] {
    rlimit none{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &none), 0);
    none.rlim_cur = 3;
    const auto& opened = store();  // before: the sanitizer's own check of a call needs descriptors
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_EQ(code_of(opened.stage()), EMFILE);
  });
  EXPECT_THAT(names("store/tmp"), IsEmpty());
}

TEST_F(StoreItself, SweepRemovesWhatAKilledProcessLeft) {
  auto holder = hold_staging();
  end(holder);
  EXPECT_EQ(names("store/tmp").size(), 1u);
  EXPECT_EQ(text_of(store().sweep_staging()), "");
  EXPECT_THAT(names("store/tmp"), IsEmpty());
}

TEST_F(StoreItself, SweepLeavesTheLiving) {
  auto mine = stage();
  auto other = hold_staging();
  EXPECT_EQ(text_of(store().sweep_staging()), "");
  EXPECT_EQ(names("store/tmp").size(), 2u);
  EXPECT_TRUE(write_file(mine.fd(), "file", "").ok());
  end(other);
  EXPECT_EQ(text_of(store().sweep_staging()), "");
  EXPECT_EQ(names("store/tmp").size(), 1u);
}

TEST_F(StoreItself, SweepRemovesStrangersAndFollowsNoLinks) {
  write("canary/file", "untouched");
  write("store/tmp/file", "");
  link("../../canary", "store/tmp/link");
  make("store/tmp/closed/below");
  ASSERT_EQ(::chmod(path("store/tmp/closed").c_str(), 0), 0);
  EXPECT_EQ(text_of(store().sweep_staging()), "");
  EXPECT_THAT(names("store/tmp"), IsEmpty());
  EXPECT_EQ(read("canary/file"), "untouched");
}

TEST_F(StoreItself, LocksExcludeByName) {
  auto held = store().lock_exclusive("a");
  ASSERT_EQ(text_of(held), "");
  auto refused = store().try_lock_exclusive("a");
  ASSERT_EQ(text_of(refused), "");
  EXPECT_FALSE(*refused);
  auto other = store().try_lock_exclusive("b");
  EXPECT_TRUE(other.ok() && *other);
  held->reset();
  auto free = store().try_lock_exclusive("a");
  EXPECT_TRUE(free.ok() && *free);
}

// A waiter that opened the file before it was discarded must not hold a lock on a file that nobody else can
// find.
TEST_F(StoreItself, AWaiterGetsTheLockOnTheNewFile) {
  auto held = store().lock_exclusive("name");
  ASSERT_EQ(text_of(held), "");
  int ready[2], leash[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(leash, O_CLOEXEC), 0);
  pid_t pid = ::fork();
  if (pid == 0) {
    held->reset();
    ::close(leash[1]);
    auto waited = store().lock_exclusive("name");
    char byte = 'x';
    if (!waited.ok() || ::write(ready[1], &byte, 1) != 1) ::_exit(1);
    (void)!::read(leash[0], &byte, 1);
    ::_exit(0);
  }
  ::close(ready[1]);
  ::close(leash[0]);
  // Until the child waits: the kernel lists a blocked request with "->" (proc_locks(5)).
  auto waits = "-> FLOCK  ADVISORY  WRITE " + std::to_string(pid) + " ";
  for (;;) {
    auto locks = read_file("/proc/locks");
    if (!locks.ok() || locks->find(waits) != std::string::npos) break;
  }
  store().discard_lock("name");
  EXPECT_FALSE(exists("store/locks/name"));
  held->reset();
  char byte;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_TRUE(exists("store/locks/name"));
  auto refused = store().try_lock_exclusive("name");
  EXPECT_TRUE(refused.ok() && !*refused);
  ::close(leash[1]);
  ::close(ready[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace pyxis
