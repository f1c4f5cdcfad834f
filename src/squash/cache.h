// A bounded cache that many threads share: what one of them is making, the others wait for.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/result.h"

namespace pyxis::squash {

// Values by number, the least recently used ones of a shard dropped when their costs add up to more than its
// part of the capacity; the last one stays, however large: it is about to be asked for again. Who holds a
// value keeps it, dropped or not.
template <class Value>
class Cache {
 public:
  using Pointer = std::shared_ptr<const Value>;

  explicit Cache(size_t capacity) : capacity_(capacity / shard_count) {}

  // The value of `key`; `make` gives it where it is not there: Result<Pointer>(size_t& cost). An error of
  // `make` is that of its caller; whoever waited for it tries by himself.
  template <class Make>
  Result<Pointer> get(uint64_t key, Make&& make) {
    auto& shard = shard_of(key);
    std::unique_lock lock(shard.mutex);
    for (;;) {
      auto found = shard.entries.find(key);
      if (found == shard.entries.end()) break;
      if (found->second.value) {
        shard.order.splice(shard.order.begin(), shard.order, found->second.place);
        return found->second.value;
      }
      shard.made.wait(lock);
    }
    shard.order.push_front(key);
    try {
      shard.entries[key] = {nullptr, 0, shard.order.begin()};
    } catch (const std::bad_alloc&) {
      shard.order.pop_front();
      throw;
    }
    lock.unlock();
    size_t cost = 1;
    Result<Pointer> made = sys_error("cache", EIO);
    try {
      made = make(cost);
    } catch (const std::bad_alloc&) {
      made = sys_error("cache", ENOMEM);
    }
    lock.lock();
    auto entry = shard.entries.find(key);
    if (made.ok()) {
      entry->second.value = *made;
      entry->second.cost = cost;
      shard.used += cost;
      drop_old(shard, key);
    } else {
      shard.order.erase(entry->second.place);
      shard.entries.erase(entry);
    }
    lock.unlock();
    shard.made.notify_all();
    return made;
  }

  // The value of `key` where it is there, or is being made; nothing otherwise.
  Pointer find(uint64_t key) {
    auto& shard = shard_of(key);
    std::unique_lock lock(shard.mutex);
    for (;;) {
      auto found = shard.entries.find(key);
      if (found == shard.entries.end()) return nullptr;
      if (found->second.value) return found->second.value;
      shard.made.wait(lock);
    }
  }

 private:
  struct Entry {
    Pointer value;  // none while it is being made
    size_t cost = 0;
    std::list<uint64_t>::iterator place;
  };
  struct Shard {
    std::mutex mutex;
    std::condition_variable made;
    std::unordered_map<uint64_t, Entry> entries;
    std::list<uint64_t> order;  // most recently used first
    size_t used = 0;
  };

  Shard& shard_of(uint64_t key) { return shards_[(key ^ key >> 16 ^ key >> 32) % shard_count]; }

  void drop_old(Shard& shard, uint64_t newest) {
    for (auto place = shard.order.end(); shard.used > capacity_ && place != shard.order.begin();) {
      --place;
      auto entry = shard.entries.find(*place);
      if (*place == newest || !entry->second.value) continue;
      shard.used -= entry->second.cost;
      shard.entries.erase(entry);
      place = shard.order.erase(place);
    }
  }

  static constexpr size_t shard_count = 16;
  size_t capacity_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace pyxis::squash
