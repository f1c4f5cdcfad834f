// Descriptors that go with a message over a unix socket (unix(7), SCM_RIGHTS).
#pragma once

#include <sys/socket.h>

#include <array>
#include <span>
#include <vector>

#include "base/fd.h"

namespace pyxis {

constexpr size_t max_passed_descriptors = 16;

// The control data of one sendmsg(2) or recvmsg(2), which has to outlive the call.
class PassedDescriptors {
 public:
  // To be sent with `message`; at most max_passed_descriptors.
  void attach(msghdr& message, std::span<const int> descriptors);
  // To be received with it.
  void make_room(msghdr& message);
  // Those that came. All are owned at once, so none leaks where the message turns out to be bad.
  static std::vector<Fd> take(msghdr& message);

 private:
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_passed_descriptors)> control_{};
};

}  // namespace pyxis
