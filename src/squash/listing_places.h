// Where in the listings of directories the next entries are that somebody will ask for.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "squash/reader.h"

namespace pyxis::squash {

// The least recently used places are forgotten: whoever goes on there has the listing read from its
// beginning. Any thread.
class ListingPlaces {
 public:
  // Behind `entries` entries of directory `number`.
  std::optional<SquashReader::ListingPlace> find(uint64_t number, uint64_t entries) {
    std::lock_guard hold(mutex_);
    auto found = known_.find({number, entries});
    if (found == known_.end()) return std::nullopt;
    places_.splice(places_.begin(), places_, found->second);
    return found->second->second;
  }

  void keep(uint64_t number, uint64_t entries, const SquashReader::ListingPlace& place) {
    std::lock_guard hold(mutex_);
    const Key key{number, entries};
    if (known_.contains(key)) return;
    places_.emplace_front(key, place);
    try {
      known_.emplace(key, places_.begin());
    } catch (const std::bad_alloc&) {
      places_.pop_front();
      throw;
    }
    if (places_.size() <= most_places) return;
    known_.erase(places_.back().first);
    places_.pop_back();
  }

 private:
  static constexpr size_t most_places = 4096;
  using Key = std::pair<uint64_t, uint64_t>;
  using Places = std::list<std::pair<Key, SquashReader::ListingPlace>>;
  std::mutex mutex_;
  Places places_;  // most recently used first
  std::map<Key, Places::iterator> known_;
};

}  // namespace pyxis::squash
