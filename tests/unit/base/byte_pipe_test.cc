// Two threads and a queue far smaller than what goes through it.
#include "base/byte_pipe.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace pyxis {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string pattern(size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i * 7 % 26);
  return text;
}

// All there is, in pieces of `step`; then the end, or the error's text in brackets.
std::string drain(BytePipe& pipe, size_t step) {
  std::string text;
  std::vector<std::byte> buffer(step);
  for (;;) {
    auto got = pipe.read(buffer);
    if (!got.ok()) return text + "[" + got.error().text() + "]";
    if (*got == 0) return text;
    text.append(reinterpret_cast<const char*>(buffer.data()), *got);
  }
}

TEST(BytePipe, KeepsOrderWhateverTheSizes) {
  const auto sent = pattern(10'000);
  for (size_t capacity : {1, 7, 64}) {
    for (size_t step : {1, 5, 100}) {
      BytePipe pipe(capacity);
      std::thread writer([&] {
        for (size_t at = 0; at < sent.size(); at += 333)
          EXPECT_TRUE(pipe.write(bytes_of(sent.substr(at, 333))).ok());
        pipe.finish();
      });
      EXPECT_EQ(drain(pipe, step), sent) << capacity << " " << step;
      writer.join();
    }
  }
}

TEST(BytePipe, TheEndStaysTheEnd) {
  BytePipe pipe(8);
  pipe.finish();
  EXPECT_EQ(drain(pipe, 4), "");
  EXPECT_EQ(drain(pipe, 4), "");
}

TEST(BytePipe, AnErrorComesAfterWhatIsQueued) {
  BytePipe pipe(8);
  ASSERT_TRUE(pipe.write(bytes_of("abc")).ok());
  pipe.finish(fail("network down", "wait"));
  EXPECT_EQ(drain(pipe, 2), "abc[network down; wait]");
}

TEST(BytePipe, AnErrorWakesAWaitingReader) {
  BytePipe pipe(8);
  std::thread writer([&] { pipe.finish(sys_error("transfer", ECONNRESET)); });
  std::vector<std::byte> buffer(4);
  auto got = pipe.read(buffer);
  writer.join();
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, ECONNRESET);
}

TEST(BytePipe, AReaderThatLeavesEndsAWaitingWriter) {
  BytePipe pipe(4);
  Result<void> written;
  std::thread writer([&] { written = pipe.write(bytes_of(pattern(1000))); });
  std::vector<std::byte> buffer(4);
  ASSERT_TRUE(pipe.read(buffer).ok());
  pipe.close_reader();
  writer.join();
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, EPIPE);
  auto again = pipe.write(bytes_of("x"));
  EXPECT_FALSE(again.ok());
}

}  // namespace
}  // namespace pyxis
