#include "contract/message.h"

#include <sys/socket.h>

#include <cstring>

#include "base/passed_descriptors.h"

namespace pyxis {
namespace {

Error closed() {
  return sys_error("connection closed by the other side", ECONNRESET);
}

Result<void> send_bytes(int socket, std::string_view data) {
  while (!data.empty()) {
    ssize_t sent = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return sys_error("send");
    data.remove_prefix(static_cast<size_t>(sent));
  }
  return ok();
}

Result<void> receive_bytes(int socket, char* buffer, size_t length) {
  while (length > 0) {
    ssize_t got = ::recv(socket, buffer, length, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return sys_error("receive");
    if (got == 0) return closed();
    buffer += got;
    length -= static_cast<size_t>(got);
  }
  return ok();
}

}  // namespace

void MessageWriter::number(uint64_t value) {
  body_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void MessageWriter::text(std::string_view value) {
  number(value.size());
  body_ += value;
}

void MessageWriter::texts(const std::vector<std::string>& values) {
  number(values.size());
  for (const auto& value : values) text(value);
}

Result<uint64_t> MessageReader::number() {
  uint64_t value;
  if (rest_.size() < sizeof value) return sys_error("message too short", EBADMSG);
  std::memcpy(&value, rest_.data(), sizeof value);
  rest_.remove_prefix(sizeof value);
  return value;
}

Result<std::string> MessageReader::text() {
  uint64_t length = TRY(number());
  if (length > rest_.size()) return sys_error("message too short", EBADMSG);
  std::string value(rest_.substr(0, length));
  rest_.remove_prefix(length);
  return value;
}

Result<std::vector<std::string>> MessageReader::texts() {
  uint64_t count = TRY(number());
  if (count > rest_.size() / sizeof(uint64_t)) return sys_error("message too short", EBADMSG);
  std::vector<std::string> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) values.push_back(TRY(text()));
  return values;
}

Result<void> send_message(int socket, std::string_view body, const std::vector<int>& descriptors) {
  if (body.size() > max_message_bytes || descriptors.size() > max_passed_descriptors)
    return sys_error("message too large", EMSGSIZE);
  MessageHeader header{message_magic, body.size()};
  iovec vector{&header, sizeof header};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  PassedDescriptors passed;
  passed.attach(message, descriptors);
  ssize_t sent;
  while ((sent = ::sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  if (sent < 0) return sys_error("send");
  TRY(send_bytes(
      socket,
      std::string_view(reinterpret_cast<char*>(&header), sizeof header).substr(static_cast<size_t>(sent))));
  return send_bytes(socket, body);
}

Result<Message> receive_message(int socket, size_t limit) {
  MessageHeader header;
  iovec vector{&header, sizeof header};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  PassedDescriptors passed;
  passed.make_room(message);
  ssize_t got;
  while ((got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got < 0) return sys_error("receive");
  Message result;
  result.descriptors = PassedDescriptors::take(message);
  if (got == 0) return closed();
  auto rest = static_cast<size_t>(got);
  TRY(receive_bytes(socket, reinterpret_cast<char*>(&header) + rest, sizeof header - rest));
  if (header.magic != message_magic || header.length > limit || (message.msg_flags & MSG_CTRUNC))
    return sys_error("malformed message", EBADMSG);
  result.body.resize(header.length);
  TRY(receive_bytes(socket, result.body.data(), result.body.size()));
  return result;
}

}  // namespace pyxis
