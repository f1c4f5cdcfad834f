// One layer comes in: its bytes, from a pipe whose other end the user is given, are hashed here and unpacked
// by another process, and what that has made is published once they have proved to be the right ones.
//
// Who unpacks never decides about names: a blob that takes over its unpacker has spoilt its own digest's
// directory and nothing else.
#pragma once

#include "base/result.h"
#include "image/manifest.h"
#include "storage/grants.h"
#include "store/store.h"

namespace pyxis {

struct LayerJob {
  const Store& store;
  const Grants& grants;
  Descriptor layer;
  uint64_t number = 0;  // in its image
  ImageOrigin origin;
  bool vouched = false;  // a registry let the user read the image at that origin
  Fd keeper;             // where it reports, as StorageReply
  std::string unpacker;  // the program
};

// The layer is there, and this user may have it without bringing it.
Result<bool> has_layer(const LayerJob& job);

// Reports until the layer is there and the user's, or it failed. For a process of its own, which ends with
// `parent`.
void run_layer_job(LayerJob job, pid_t parent);

}  // namespace pyxis
