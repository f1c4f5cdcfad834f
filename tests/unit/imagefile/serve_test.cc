// Images served by FUSE to this machine's kernel.
#include "squash/serve.h"

#include <dirent.h>
#include <seccomp.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "../base/scratch.h"
#include "../layer/namespaces.h"
#include "image_builder.h"
#include "squash/writer.h"

namespace pyxis {
namespace {

using testing::ImageBuilder;
using testing::text_of;

struct Served {
  std::string image;                      // its bytes
  ReadList list;                          // read ahead
  std::function<void()> prepare = [] {};  // what the server does first
};

class ServeTest : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    make("tree");
    make("mount");
  }

  std::string pack() {
    auto tree = std::move(*open_path(path("tree"), O_PATH | O_DIRECTORY));
    SquashRequest request;
    request.root = tree.get();
    request.compression = *parse_compression_options("-comp zstd");
    request.processors = 1;
    auto file = std::move(*open_path(path("image"), O_RDWR | O_CREAT | O_TRUNC, 0644));
    EXPECT_EQ(text_of(write_squash(request, file.get())), "");
    return testing::Scratch::read("image");
  }

  // What `act` gives, which finds the image mounted as "mount"; and how the server ended, if not well.
  std::string with(const Served& served, const std::function<std::string()>& act) {
    return testing::in_own_namespaces([&]() -> std::string {
      auto device = open_path("/dev/fuse", O_RDWR);
      if (!device.ok()) return device.error().text();
      auto options = "fd=" + std::to_string(device->get()) + ",rootmode=40000,user_id=0,group_id=0";
      if (::mount("image", path("mount").c_str(), "fuse", MS_RDONLY, options.c_str()) != 0)
        return sys_error("mount").text();
      auto top = open_path(path("mount"), O_PATH | O_DIRECTORY);
      pid_t server = ::fork();
      if (server == 0) serve(served, std::move(*device), std::move(*top));
      device->reset();
      top->reset();
      auto text = act();
      ::umount2(path("mount").c_str(), MNT_DETACH);
      int status = 0;
      ::waitpid(server, &status, 0);
      return status == 0 ? text : "the server " + describe_wait_status(status) + "; " + text;
    });
  }

 private:
  [[noreturn]] static void serve(const Served& served, Fd device, Fd top) {
    served.prepare();
    Fd file(::memfd_create("image", MFD_CLOEXEC));
    if (!write_all(file.get(), served.image).ok()) ::_exit(10);
    auto image = SquashReader::open(std::move(file), "x.sqsh");
    if (!image.ok()) ::_exit(11);
    ServeOptions options;
    options.threads = 4;
    options.give_up = [](const Error&) { ::_exit(12); };
    ReadLog log(served.list);
    auto done = serve_image(**image, std::move(device), options, log,
                            {served.list, std::move(top), [] { return false; }});
    ::_exit(done.ok() ? 0 : 13);
  }
};

// As where a user has all the processes that he may have.
void take_threads_away() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  auto* filter = seccomp_init(SCMP_ACT_ALLOW);
  seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAGAIN), SCMP_SYS(clone), 0);
  seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (seccomp_load(filter) != 0) ::_exit(14);
  seccomp_release(filter);
}

std::string errno_of(int status) {
  return status == 0 ? "fine" : strerrorname_np(errno);
}

TEST_F(ServeTest, WithoutThreadsTheOneThatThereIsServes) {
  write("tree/d/file", "content");
  ReadList list{{{"d", true, {}}, {"d/file", false, {{0, 7}}}}};
  EXPECT_EQ(with({pack(), list, take_threads_away}, [&] { return read("mount/d/file"); }), "content");
}

// As where a device breaks. Smaller reads are of others.
void take_requests_away() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  auto* filter = seccomp_init(SCMP_ACT_ALLOW);
  seccomp_rule_add(filter, SCMP_ACT_ERRNO(EIO), SCMP_SYS(read), 1, SCMP_A2(SCMP_CMP_GE, 100'000));
  if (seccomp_load(filter) != 0) ::_exit(14);
  seccomp_release(filter);
}

TEST_F(ServeTest, WhoCannotAnswerAnyMoreEndsThoughHisOwnThreadsWait) {
  write("tree/file", "content");
  ReadList list{{{"file", false, {{0, 7}}}}};
  EXPECT_THAT(with({pack(), list, take_requests_away}, [&] { return read("mount/file"); }),
              ::testing::HasSubstr("the server exited with status 12; ("));  // and an error of who reads
}

TEST_F(ServeTest, WhatIsReadAheadIsWhatIsThere) {
  std::string large(3'000'000, 'x');
  for (size_t i = 0; i < large.size(); i += 1000) large[i] = static_cast<char>('a' + i % 23);
  write("tree/d/file", large);
  link("file", "tree/d/link");
  ReadList list{{{"d", true, {}},
                 {"d/file", false, {{0, 3'000'000}}},
                 {"d/link", false, {}},
                 {"gone", false, {{0, 1}}}}};
  EXPECT_EQ(with({pack(), list}, [&] { return read("mount/d/file") == large ? "same" : "different"; }),
            "same");
}

TEST_F(ServeTest, ReadingAheadDoesNotLeaveTheMount) {
  write("outside/directory/file", "x");
  write("tree/file", "x");
  link(path("outside"), "tree/link");
  ReadList list{{{"link/directory", true, {}},
                 {"../outside/directory", true, {}},
                 {path("outside/directory"), true, {}},
                 {"file", false, {{0, 1}}}}};
  Fd events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(::inotify_add_watch(events.get(), path("outside/directory").c_str(), IN_OPEN | IN_ACCESS), 0);
  EXPECT_EQ(with({pack(), list}, [&] { return read("mount/file"); }), "x");
  std::array<char, 4096> event;
  EXPECT_EQ(::read(events.get(), event.data(), event.size()), -1) << "opened";
}

TEST_F(ServeTest, ADirectoryHasOneName) {
  ImageBuilder builder;
  auto inner = builder.add_directory(0, 0);
  constexpr uint64_t root = ImageBuilder::directory_bytes;  // the next one
  auto [listing, bytes] = builder.add_listing({{"a", inner}, {"b", inner}, {"self", root}});
  ASSERT_EQ(builder.add_directory(listing, bytes), root);
  auto found = with({builder.build(root), {}}, [&] {
    auto shown = names("mount");
    std::ranges::sort(shown);
    std::string text;
    for (const auto& name : shown) text += name + " ";
    for (const char* name : {"a", "b", "self", "a"}) {
      struct stat info;
      text += errno_of(::lstat(path(std::string("mount/") + name).c_str(), &info)) + " ";
    }
    return text;
  });
  EXPECT_EQ(found, "a b self fine EIO EIO fine ");
}

TEST_F(ServeTest, ALargeDirectoryIsListedWholeAndFromAnyPlace) {
  constexpr int count = 3000;
  for (int i = 0; i < count; ++i) write("tree/many/" + std::to_string(i), "");
  auto found = with({pack(), {}}, [&]() -> std::string {
    auto* directory = ::opendir(path("mount/many").c_str());
    if (directory == nullptr) return sys_error("opendir").text();
    auto rest = [&] {
      std::vector<std::string> list;
      while (auto* entry = ::readdir(directory)) list.push_back(entry->d_name);
      return list;
    };
    for (int i = 0; i < count / 2; ++i) (void)::readdir(directory);
    long place = ::telldir(directory);
    auto second = rest();
    ::seekdir(directory, place);
    auto again = rest();
    ::rewinddir(directory);
    auto whole = rest();
    ::closedir(directory);
    std::set<std::string> different(whole.begin(), whole.end());
    std::erase_if(different, [](const std::string& name) { return name == "." || name == ".."; });
    return std::to_string(different.size()) + (second == again ? " same" : " different");
  });
  EXPECT_EQ(found, std::to_string(count) + " same");
}

}  // namespace
}  // namespace pyxis
