// What an engine, as a job's user, says to the storage helper of the node (`pyxis-storage`), over the one
// socket that the helper has for that step. Whoever has the other end is that user, and may say anything.
//
//   hello                                 -> ready: the directory for the user's own store on this node
//   claim IMAGE ORIGIN AUTHORIZATION      -> granted, or absent
//   begin MANIFEST CONFIG ORIGIN ...      -> wanted: the layers to bring, by their number in the manifest
//   bring LAYER                           -> waiting..., then here, or send with the write end of a pipe;
//   after send:
//                                            brought or failed
//   drop LAYER                            it is not wanted any more: its `bring` is answered by failed
//   finish                                -> granted: the image of the last `begin`
//   mount IMAGE                           -> mounts: detached mounts, top first, until `left` is 0
//   keep IMAGE CONTAINER                  -> granted: it can be claimed as `kept` from now on
//
// Descriptors that a user sends are dropped by the kernel. Every request but `bring` and `drop` has one
// answer (mount: a series) and is answered before the next is read; answers to `bring` come in any order. Any
// request may be answered by `failed`. What is no request ends the connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/digest.h"
#include "contract/message.h"

namespace pyxis {

// Descriptors of the helper.
constexpr int storage_socket_fd = 3;
constexpr int storage_leash_fd = 4;

// How many layers a helper takes at once.
constexpr size_t max_storage_jobs = 32;

// The longest message a helper reads: a manifest and a configuration.
constexpr size_t max_storage_message_bytes = 16u << 20;

// Where an image is from: a registry and a repository of it.
struct ImageOrigin {
  std::string registry, repository;

  bool empty() const { return registry.empty(); }
  auto operator<=>(const ImageOrigin&) const = default;
};

struct StorageRequest {
  enum class Kind : uint64_t { hello, claim, begin, bring, drop, finish, mount, keep };
  Kind kind = Kind::hello;
  Digest image;        // claim, mount, keep
  bool kept = false;   // claim: for a container that was made when it was granted
  ImageOrigin origin;  // claim, begin; empty: no registry
  std::string
      authorization;  // claim, begin: the value of the header that the registry is asked with; empty: none
  std::string reference;         // begin: the name it is imported by
  std::string manifest, config;  // begin: as downloaded
  std::string container;         // keep: its path
  uint64_t layer = 0;            // bring, drop: from 0, bottom first

  std::string encode() const;
  // EBADMSG for whatever is no request: texts that are too long or hold control characters, too.
  static Result<StorageRequest> decode(std::string_view body);
};

struct StorageReply {
  enum class Kind : uint64_t { ready, granted, absent, wanted, waiting, send, here, brought, mounts, failed };
  Kind kind = Kind::ready;
  std::string text;    // ready: a path; absent: why, where there is more to say; failed: the error's message
  std::string remedy;  // failed
  int code = 0;        // failed: errno
  uint64_t layer = 0;  // waiting, send, here, brought, failed (of a `bring`)
  uint64_t done = 0, total = 0;  // waiting: bytes of the layer that another one has imported. granted, after
                                 // claim and finish: total bytes of the layers, unpacked
  uint64_t left = 0;             // mounts: descriptors that are still to come
  std::vector<uint64_t> layers;  // wanted

  static StorageReply failure(const Error& error, uint64_t layer = 0);
  std::string encode() const;
  static Result<StorageReply> decode(std::string_view body);
};

}  // namespace pyxis
