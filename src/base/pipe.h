// Pipes and pairs of sockets between processes, and files that only descriptors lead to. All close at exec.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

struct Pipe {
  Fd reader, writer;
};

Result<Pipe> make_pipe();
// The same with a reader that does not wait (O_NONBLOCK; the two ends are open descriptions of their own).
Result<Pipe> make_polled_pipe();

// Two ends of which each hears of the other's end; a message's length is its sender's with SOCK_SEQPACKET
// (unix(7)).
struct SocketPair {
  Fd ours, theirs;
};

Result<SocketPair> make_socket_pair(int type = SOCK_STREAM);

// Gives what can be read now to `take`, a string_view at a time. False at the end; an error other than
// "nothing now" is an end, too.
template <class Take>
bool take_available(int fd, Take&& take) {
  std::array<char, 8192> buffer;
  for (;;) {
    ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    take(std::string_view(buffer.data(), static_cast<size_t>(got)));
  }
}

// memfd_create(2), with this content, to be read from its beginning.
Result<Fd> memory_file(std::string_view content = {});

}  // namespace pyxis
