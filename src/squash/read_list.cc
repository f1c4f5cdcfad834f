#include "squash/read_list.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "squash/file_number.h"

namespace pyxis {
namespace {

constexpr std::string_view heading = "pyxis read list 1", ending = "end", listing_mark = "*";
constexpr std::chrono::seconds beginning{
    10};  // of programs: what they read later nobody waits for at a start
constexpr size_t max_places = 64u << 10;
constexpr int max_depth = 128;
constexpr uint64_t stretch_bytes = 128u << 10;

std::optional<ReadList::Range> parse_range(std::string_view text) {
  auto fields = split(text, '+');
  if (fields.size() != 2) return std::nullopt;
  auto offset = parse_number<uint64_t>(fields[0]);
  auto length = parse_number<uint32_t>(fields[1]);
  if (!offset || !length) return std::nullopt;
  return ReadList::Range{*offset, *length};
}

// Behind the others; one that continues the last is a part of it.
void append_range(std::vector<ReadList::Range>& ranges, const ReadList::Range& range) {
  if (!ranges.empty() && ranges.back().end() == range.offset &&
      ranges.back().length <= std::numeric_limits<uint32_t>::max() - range.length)
    ranges.back().length += range.length;
  else
    ranges.push_back(range);
}

void join_ranges(std::vector<ReadList::Range>& ranges) {
  std::ranges::sort(ranges, {}, &ReadList::Range::offset);
  std::vector<ReadList::Range> joined;
  for (auto range : ranges) {
    if (!joined.empty() && range.offset < joined.back().end()) {
      if (range.end() <= joined.back().end()) continue;
      range.length = static_cast<uint32_t>(range.end() - joined.back().end());
      range.offset = joined.back().end();
    }
    append_range(joined, range);
  }
  ranges = std::move(joined);
}

// More than a name that was asked for: some of those are others each time, as temporary files' are.
bool is_content(const ReadList::Item& item) {
  return item.listed || !item.ranges.empty();
}

}  // namespace

uint64_t ReadList::bytes() const {
  uint64_t sum = 0;
  for (const auto& item : items)
    for (const auto& range : item.ranges) sum += range.length;
  return sum;
}

// Fields that end with NUL, which no path has: the heading, a path and what was read of it again and again,
// the ending.
std::string ReadList::encode() const {
  std::string text(heading);
  text += '\0';
  for (const auto& item : items) {
    text += item.path;
    text += '\0';
    if (item.listed) text += listing_mark;
    for (const auto& range : item.ranges)
      text += (&range == &item.ranges.front() ? "" : " ") + std::to_string(range.offset) + "+" +
              std::to_string(range.length);
    text += '\0';
  }
  return text.append(ending);
}

ReadList ReadList::decode(std::string_view text) {
  auto fields = split(text, '\0');
  if (fields.size() % 2 != 0 || fields.front() != heading || fields.back() != ending) return {};
  ReadList list;
  for (size_t i = 1; i + 1 < fields.size(); i += 2) {
    Item item{std::move(fields[i]), fields[i + 1] == listing_mark, {}};
    if (!item.listed && !fields[i + 1].empty())
      for (const auto& field : split(fields[i + 1], ' ')) {
        auto range = parse_range(field);
        if (!range) return {};
        item.ranges.push_back(*range);
      }
    list.items.push_back(std::move(item));
  }
  if (list.items.size() > read_list_max_items || list.bytes() > read_list_max_bytes) return {};
  return list;
}

ReadLog::ReadLog(ReadList known, Clock::time_point begin)
    : end_(begin + beginning), known_(std::move(known)) {
  for (const auto& item : known_.items) {
    auto& ranges = known_ranges_[item.path];
    ranges.insert(ranges.end(), item.ranges.begin(), item.ranges.end());
    if (item.listed) known_listings_.insert(item.path);
  }
  for (auto& [path, ranges] : known_ranges_) join_ranges(ranges);
}

bool ReadLog::collecting() {
  if (Clock::now() >= end_) over_ = true;
  return !over_;
}

std::optional<std::string> ReadLog::path_of(uint64_t number) const {
  std::string path;
  for (int depth = 0; number != squash::top_number; ++depth) {
    auto found = places_.find(number);
    if (found == places_.end() || depth == max_depth) return std::nullopt;
    path.insert(0, path.empty() ? found->second.name : found->second.name + "/");
    number = found->second.directory;
  }
  return path.empty() ? "." : path;
}

void ReadLog::place(uint64_t directory, std::string_view name, uint64_t number) {
  if (number != 0 && places_.size() < max_places)
    places_.try_emplace(number, Place{directory, std::string(name)});
}

// Behind all others, for items are in the order in which they were asked for.
ReadList::Item* ReadLog::fresh_item(const std::string& path) {
  if (!fresh_.items.empty() && fresh_.items.back().path == path) return &fresh_.items.back();
  if (fresh_.items.size() == read_list_max_items) {
    over_ = overflow_ = true;
    return nullptr;
  }
  fresh_paths_.insert(path);
  return &fresh_.items.emplace_back(ReadList::Item{path, false, {}});
}

void ReadLog::looked_up(uint64_t directory, std::string_view name, uint64_t number) {
  if (over_) return;
  std::lock_guard hold(mutex_);
  if (!collecting()) return;
  place(directory, name, number);
  auto path = path_of(directory);
  if (!path) return;
  *path = *path == "." ? std::string(name) : *path + "/" + std::string(name);
  if (!known_ranges_.contains(*path) && !fresh_paths_.contains(*path)) fresh_item(*path);
}

void ReadLog::shown(uint64_t directory, std::string_view name, uint64_t number) {
  if (over_) return;
  std::lock_guard hold(mutex_);
  if (collecting()) place(directory, name, number);
}

// Reading ahead lists directories as well, those that are known.
void ReadLog::listed(uint64_t directory) {
  if (over_) return;
  std::lock_guard hold(mutex_);
  if (!collecting()) return;
  auto path = path_of(directory);
  if (!path || known_listings_.contains(*path)) return;
  if (auto* item = fresh_item(*path); item != nullptr) item->listed = true;
}

void ReadLog::read(uint64_t number, uint64_t offset, uint32_t length) {
  if (over_) return;
  std::lock_guard hold(mutex_);
  if (!collecting()) return;
  asked_.insert({number, offset / stretch_bytes});
  auto path = path_of(number);
  if (!path || is_known(*path, {offset, length})) return;
  fresh_bytes_ += length;
  if (fresh_bytes_ > read_list_max_bytes) over_ = overflow_ = true;
  if (auto* item = fresh_item(*path); item != nullptr) append_range(item->ranges, {offset, length});
}

// Somebody was faster than the reading ahead: that is nothing new.
bool ReadLog::is_known(const std::string& path, const ReadList::Range& range) const {
  auto found = known_ranges_.find(path);
  if (found == known_ranges_.end()) return false;
  return std::ranges::any_of(found->second, [&](const ReadList::Range& known) {
    return known.offset <= range.offset && range.end() <= known.end();
  });
}

bool ReadLog::was_read(uint64_t number, uint64_t offset) {
  std::lock_guard hold(mutex_);
  return asked_.contains({number, offset / stretch_bytes});
}

std::optional<ReadList> ReadLog::learned() {
  std::lock_guard hold(mutex_);
  if (overflow_ || !std::ranges::any_of(fresh_.items, is_content)) return std::nullopt;
  bool both = known_.items.size() + fresh_.items.size() <= read_list_max_items &&
              known_.bytes() + fresh_bytes_ <= read_list_max_bytes;
  if (!both) return fresh_;
  auto list = known_;
  list.items.insert(list.items.end(), fresh_.items.begin(), fresh_.items.end());
  return list;
}

}  // namespace pyxis
