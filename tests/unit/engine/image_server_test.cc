#include "engine/image_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include "../base/scratch.h"
#include "engine/import_news.h"

namespace pyxis {
namespace {

using testing::text_of;

class ImageServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    server_.socket = Fd(ends[0]);
    other_ = Fd(ends[1]);
  }
  void tell(const ImportNews& news) { ASSERT_EQ(text_of(send_message(other_.get(), news.encode())), ""); }

  ImageServer server_;
  Fd other_;
};

TEST_F(ImageServerTest, TellsWhatWentWrong) {
  EXPECT_FALSE(server_.failure());
  tell({ImportNews::Kind::failed, "answer the kernel's requests: broken", "a remedy", EIO});
  auto failure = server_.failure();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message, "answer the kernel's requests: broken");
  EXPECT_EQ(failure->remedy, "a remedy");
  EXPECT_EQ(failure->code, EIO);
}

TEST_F(ImageServerTest, ThatHasEndedWithoutAWordSaysNothing) {
  other_.reset();
  EXPECT_FALSE(server_.failure());
}

TEST_F(ImageServerTest, IsLeftWithAHandleThatSeesItsEnd) {
  pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    char byte;
    server_.socket.reset();
    ::_exit(::read(other_.get(), &byte, 1) == 0 ? 0 : 1);
  }
  other_.reset();
  server_.child = Child(pid);
  auto left = server_.leave();
  EXPECT_EQ(server_.child.pid(), -1);
  ASSERT_TRUE(left.process);
  EXPECT_FALSE(readable_within(left.process.get(), std::chrono::milliseconds(0)));
  left.socket.reset();
  EXPECT_TRUE(readable_within(left.process.get(), std::chrono::seconds(10)));
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

}  // namespace
}  // namespace pyxis
