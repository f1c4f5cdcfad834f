// What programs read first of an image: kept from one time that it is served to the next, and then read
// ahead.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pyxis {

struct ReadList {
  struct Range {
    uint64_t offset = 0;
    uint32_t length = 0;
    uint64_t end() const { return offset + length; }
    bool operator==(const Range&) const = default;
  };
  struct Item {
    std::string path;           // from the image's top, as in "usr/bin/python3"; "." itself; may not be there
    bool listed = false;        // a directory whose entries were asked for
    std::vector<Range> ranges;  // of a file
    bool operator==(const Item&) const = default;
  };
  std::vector<Item> items;  // in the order in which they were asked for
  bool operator==(const ReadList&) const = default;

  uint64_t bytes() const;
  std::string encode() const;
  // Empty for what is no such list, or only a part of one.
  static ReadList decode(std::string_view text);
};

constexpr size_t read_list_max_items = 16384;
constexpr uint64_t read_list_max_bytes = 256u << 20;  // of the ranges
constexpr size_t read_list_max_text = 8u << 20;       // encoded

// Collects such a list while an image is served. Any thread.
class ReadLog {
 public:
  using Clock = std::chrono::steady_clock;
  // `known`: what is read ahead this time, and so will hardly be asked for.
  explicit ReadLog(ReadList known, Clock::time_point begin = Clock::now());

  // Somebody asked for `name` in `directory`: it is file `number`, or, 0, not there. Numbers are those of
  // FUSE, the top is 1.
  void looked_up(uint64_t directory, std::string_view name, uint64_t number);
  // The same of an entry that a listing showed: nobody asked for it in particular.
  void shown(uint64_t directory, std::string_view name, uint64_t number);
  // Somebody asked for all entries of a directory.
  void listed(uint64_t directory);
  void read(uint64_t number, uint64_t offset, uint32_t length);

  // Whether somebody has asked for bytes of this stretch of 128 KiB, the one that `offset` is in.
  bool was_read(uint64_t number, uint64_t offset);

  // The list for the next time, where it is to be another one than `known`. Whoever reads more than a list
  // may have is not starting a program, and nothing is learned of him; nor of who asked for names only.
  std::optional<ReadList> learned();

 private:
  struct Place {
    uint64_t directory;
    std::string name;
  };
  bool collecting();
  std::optional<std::string> path_of(uint64_t number) const;
  void place(uint64_t directory, std::string_view name, uint64_t number);
  ReadList::Item* fresh_item(const std::string& path);
  bool is_known(const std::string& path, const ReadList::Range& range) const;

  std::mutex mutex_;
  const Clock::time_point end_;
  std::atomic<bool> over_ = false;  // nothing more is collected
  bool overflow_ = false;           // because it was too much
  ReadList known_, fresh_;
  // Of known_, by path: what of a file, in order and without overlaps; nothing of what was only looked up.
  std::unordered_map<std::string_view, std::vector<ReadList::Range>> known_ranges_;
  std::unordered_set<std::string_view> known_listings_;
  std::unordered_set<std::string> fresh_paths_;
  std::unordered_map<uint64_t, Place> places_;
  std::set<std::pair<uint64_t, uint64_t>> asked_;  // number and stretch
  uint64_t fresh_bytes_ = 0;
};

}  // namespace pyxis
