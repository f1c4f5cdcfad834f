// Framed messages over a SOCK_STREAM unix socket, with file descriptors attached.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

// Builds and reads the body of a message: numbers and length-prefixed texts, one after another.
class MessageWriter {
 public:
  void number(uint64_t value);
  void text(std::string_view value);
  void texts(const std::vector<std::string>& values);
  std::string take() { return std::move(body_); }

 private:
  std::string body_;
};

class MessageReader {
 public:
  explicit MessageReader(std::string_view body) : rest_(body) {}
  // EBADMSG where the body ends too early.
  Result<uint64_t> number();
  Result<std::string> text();
  Result<std::vector<std::string>> texts();
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// What each message begins with.
struct MessageHeader {
  uint64_t magic;
  uint64_t length;  // of the body
};
constexpr uint64_t message_magic = 0x5059584953000001;  // "PYXIS", version 1 of the framing

struct Message {
  std::string body;
  std::vector<Fd> descriptors;
};

constexpr size_t max_message_bytes = 32u << 20;

// At most max_passed_descriptors of them.
Result<void> send_message(int socket, std::string_view body, const std::vector<int>& descriptors = {});
// Waits for a whole message. ECONNRESET where the other end closed before or within it, EBADMSG where it is
// no message or longer than `limit`.
Result<Message> receive_message(int socket, size_t limit = max_message_bytes);

}  // namespace pyxis
