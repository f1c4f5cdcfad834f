#include "storage/user_socket.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "contract/message.h"

namespace pyxis {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds until(Clock::time_point deadline) {
  return std::max(std::chrono::milliseconds(0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()));
}

Result<void> receive(int socket, char* buffer, size_t length, Clock::time_point deadline) {
  while (length > 0) {
    if (!readable_within(socket, until(deadline))) return sys_error("receive", ETIMEDOUT);
    ssize_t got = ::recv(socket, buffer, length, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return sys_error("receive");
    if (got == 0) return sys_error("connection closed by the other side", ECONNRESET);
    buffer += got;
    length -= static_cast<size_t>(got);
  }
  return ok();
}

}  // namespace

Result<std::string> receive_plain_message(int socket, size_t most_bytes, std::chrono::seconds limit) {
  auto deadline = Clock::now() + limit;
  MessageHeader header;
  TRY(receive(socket, reinterpret_cast<char*>(&header), sizeof header, deadline));
  if (header.magic != message_magic || header.length > most_bytes)
    return sys_error("malformed message", EBADMSG);
  std::string body(header.length, '\0');
  TRY(receive(socket, body.data(), body.size(), deadline));
  return body;
}

bool drained(int socket, std::chrono::seconds limit) {
  auto deadline = Clock::now() + limit;
  // Nothing tells when a queue is empty (POLLOUT comes before), so it is looked at.
  constexpr int look_again = 1;  // milliseconds
  for (;;) {
    int queued = 0;
    if (::ioctl(socket, SIOCOUTQ, &queued) != 0 || queued == 0) return queued == 0;
    if (Clock::now() >= deadline) return false;
    pollfd closed{socket, POLLRDHUP, 0};
    if (::poll(&closed, 1, look_again) > 0) return false;
  }
}

}  // namespace pyxis
