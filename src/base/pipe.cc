#include "base/pipe.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "base/fs.h"

namespace pyxis {

Result<Pipe> make_pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return sys_error("pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<Pipe> make_polled_pipe() {
  auto pipe = TRY(make_pipe());
  if (::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK) != 0) return sys_error("pipe");
  return pipe;
}

Result<SocketPair> make_socket_pair(int type) {
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) return sys_error("socketpair");
  return SocketPair{Fd(ends[0]), Fd(ends[1])};
}

Result<Fd> memory_file(std::string_view content) {
  Fd file(::memfd_create("pyxis", MFD_CLOEXEC));
  if (!file) return sys_error("memfd_create");
  TRY(write_all(file.get(), content));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return sys_error("lseek");
  return file;
}

}  // namespace pyxis
