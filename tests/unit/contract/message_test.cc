#include "contract/message.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <array>
#include <thread>

namespace pyxis {
namespace {

struct Pair {
  Fd here, there;
};

Pair make_pair() {
  std::array<int, 2> ends;
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

TEST(Message, CarriesABodyLargerThanTheSocketBuffer) {
  auto pair = make_pair();
  std::string body(3u << 20, 'x');
  std::thread sender([&] { EXPECT_TRUE(send_message(pair.here.get(), body).ok()); });
  auto got = receive_message(pair.there.get());
  sender.join();
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->body, body);
}

TEST(Message, CarriesDescriptorsThatCloseAtExec) {
  auto pair = make_pair();
  Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(send_message(pair.here.get(), "x", {null.get(), null.get()}).ok());
  auto got = receive_message(pair.there.get());
  ASSERT_TRUE(got.ok());
  ASSERT_EQ(got->descriptors.size(), 2u);
  for (const auto& fd : got->descriptors) EXPECT_EQ(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(Message, KeepsTwoMessagesApart) {
  auto pair = make_pair();
  ASSERT_TRUE(send_message(pair.here.get(), "one").ok());
  ASSERT_TRUE(send_message(pair.here.get(), "").ok());
  EXPECT_EQ(receive_message(pair.there.get())->body, "one");
  EXPECT_EQ(receive_message(pair.there.get())->body, "");
}

TEST(Message, SaysWhenTheOtherSideIsGone) {
  auto pair = make_pair();
  pair.here.reset();
  auto got = receive_message(pair.there.get());
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, ECONNRESET);
  auto sent = send_message(pair.there.get(), "x");
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, EPIPE);
}

TEST(Message, RefusesWhatIsNoMessage) {
  auto pair = make_pair();
  std::string noise(64, '\xff');
  ASSERT_EQ(::send(pair.here.get(), noise.data(), noise.size(), 0), 64);
  auto got = receive_message(pair.there.get());
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, EBADMSG);
}

TEST(Message, RefusesToSendTooMuch) {
  auto pair = make_pair();
  auto sent = send_message(pair.here.get(), std::string(max_message_bytes + 1, 'x'));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, EMSGSIZE);
}

TEST(MessageReader, StopsAtLyingLengths) {
  MessageWriter writer;
  writer.number(~0ull);
  auto body = writer.take();
  EXPECT_EQ(MessageReader(body).text().error().code, EBADMSG);
  EXPECT_EQ(MessageReader(body).texts().error().code, EBADMSG);
  EXPECT_EQ(MessageReader("1234567").number().error().code, EBADMSG);
}

}  // namespace
}  // namespace pyxis
