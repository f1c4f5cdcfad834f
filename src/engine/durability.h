// Layers become durable (store/layers.h) while this process does something else.
#pragma once

#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "image/digest.h"
#include "store/store.h"

namespace pyxis {

class Durability {
 public:
  // Begins, in a process of its own: writing everything to disk takes seconds after an import. `store`
  // outlives it. The caller must be single-threaded.
  static Result<Durability> begin(const Store& store, std::vector<Digest> layers);
  Durability(Durability&&) = default;
  Durability& operator=(Durability&&) = delete;
  // Where nobody waits for the end, the process goes on until it has written what it is at, and then goes.
  ~Durability();

  // Waits until they are.
  Result<void> await();

 private:
  Durability(const Store& store, std::vector<Digest> layers, Child process)
      : store_(&store), layers_(std::move(layers)), process_(std::move(process)) {}

  const Store* store_;
  std::vector<Digest> layers_;
  Child process_;
};

}  // namespace pyxis
