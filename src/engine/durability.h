// An image becomes durable (store/images.h) while this process does something else.
#pragma once

#include "base/process.h"
#include "base/result.h"
#include "image/digest.h"
#include "store/store.h"

namespace pyxis {

class Durability {
 public:
  // Begins, in a process of its own: writing everything to disk takes seconds after an import. `store`
  // outlives it. The caller must be single-threaded.
  static Result<Durability> begin(const Store& store, const Digest& image);
  Durability(Durability&&) = default;
  Durability& operator=(Durability&&) = delete;
  // Where nobody waits for the end, the process goes on until it has written what it is at, and then goes.
  ~Durability();

  // Waits until it is.
  Result<void> await();

 private:
  Durability(const Store& store, Digest image, Child process)
      : store_(&store), image_(std::move(image)), process_(std::move(process)) {}

  const Store* store_;
  Digest image_;
  Child process_;
};

}  // namespace pyxis
