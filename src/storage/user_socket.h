// The keeper's end of a connection with processes that may do as they like.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace pyxis {

// A message as receive_message() has it (contract/message.h), the whole of it within `limit`. Descriptors
// that come with it never become this process's: closing one may wait for whoever serves its file (FUSE), and
// for ever.
Result<std::string> receive_plain_message(int socket, size_t most_bytes, std::chrono::seconds limit);

// Waits until the other end has read all that was sent. Descriptors on their way count against the sender's
// user, who is the same for all connections of the node. False when that takes longer than `limit`.
bool drained(int socket, std::chrono::seconds limit);

}  // namespace pyxis
