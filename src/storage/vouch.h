// What the keeper asks `pyxis-vouch`, which asks a registry: whether it lets an identity read an image. One
// message each way, any number of times, over a socket pair.
#pragma once

#include <string>

#include "base/result.h"
#include "contract/storage.h"

namespace pyxis {

constexpr int vouch_socket_fd = 3;

struct VouchRequest {
  ImageOrigin origin;
  bool plain_http = false;
  Digest image;
  std::string authorization;

  std::string encode() const;
  static Result<VouchRequest> decode(std::string_view body);
};

enum class Verdict : uint64_t {
  yes,           // it gave this identity the manifest of that digest
  no,            // it answered, but not so
  unauthorized,  // it wants to know who asks
  unreachable,   // it did not answer, or could not say
  no_https,      // nobody there speaks TLS
};

struct VouchReply {
  Verdict verdict = Verdict::unreachable;
  std::string text;  // unless yes: what it said, or why there is no answer

  std::string encode() const;
  static Result<VouchReply> decode(std::string_view body);
};

}  // namespace pyxis
