// Who imports a layer: one at a time, whoever waits learns how far that is, and takes over where it ends or
// hardly gets on.
#pragma once

#include <functional>

#include "base/result.h"
#include "store/store.h"

namespace pyxis {

// A turn at a layer. It ends with the object, or the process.
class Turn {
 public:
  // Waits for it, but not for ever, whatever is at work: longer for a layer of more `bytes`. `waiting` is
  // told how far that is, now and then.
  static Result<Turn> take(const Store& store, const Digest& layer, uint64_t bytes,
                           const std::function<void(uint64_t done, uint64_t total)>& waiting);

  // Told to those who wait.
  void progress(uint64_t done, uint64_t total) const;

 private:
  explicit Turn(Fd lock) : lock_(std::move(lock)) {}
  Fd lock_;
};

}  // namespace pyxis
