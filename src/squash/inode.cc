#include "squash/inode.h"

#include <algorithm>
#include <array>
#include <span>

namespace pyxis::squash {
namespace {

using Inode = SquashReader::Inode;
using Kind = SquashReader::Kind;

// The lengths of directories count "." and ".." (3 bytes) that are not stored.
constexpr uint32_t dots_bytes = 3;

std::optional<Kind> kind_of(uint16_t type) {
  switch (type) {
    case directory:
      return Kind::directory;
    case regular:
      return Kind::regular;
    case symlink:
      return Kind::symlink;
    case block_device:
      return Kind::block_device;
    case char_device:
      return Kind::char_device;
    case fifo:
      return Kind::fifo;
    case socket:
      return Kind::socket;
    default:
      return std::nullopt;
  }
}

// From one mark of a file's blocks to the next.
using BlockWords = std::array<uint32_t, 256>;

Result<void> read_words(MetadataCursor& cursor, std::span<uint32_t> words) {
  static_assert(std::endian::native == std::endian::little);
  return cursor.read({reinterpret_cast<char*>(words.data()), words.size_bytes()});
}

// One inode, field by field in the order of the file.
class InodeParser {
 public:
  InodeParser(MetadataCursor cursor, const Metadata& metadata, const Tables& tables)
      : cursor_(std::move(cursor)), metadata_(metadata), tables_(tables) {}

  Result<Inode> parse() {
    auto type = TRY(cursor_.number<uint16_t>());
    extended_ = type > extended;
    auto kind = kind_of(extended_ ? type - extended : type);
    if (!kind) return damaged("an inode of type " + std::to_string(type));
    inode_.kind = *kind;
    inode_.mode = TRY(cursor_.number<uint16_t>()) & 07777;
    TRY(cursor_.number<uint32_t>());  // uid and gid: everything belongs to the user
    inode_.mtime = TRY(cursor_.number<uint32_t>());
    inode_.number = TRY(cursor_.number<uint32_t>());
    TRY(parse_kind());
    return std::move(inode_);
  }

 private:
  Error damaged(const std::string& what) const { return metadata_.file().damaged(what); }

  Result<void> parse_kind() {
    switch (inode_.kind) {
      case Kind::directory:
        return extended_ ? extended_directory() : basic_directory();
      case Kind::regular:
        return extended_ ? extended_file() : basic_file();
      case Kind::symlink:
        return link();
      case Kind::block_device:
      case Kind::char_device:
        inode_.links = TRY(cursor_.number<uint32_t>());
        inode_.device = TRY(cursor_.number<uint32_t>());
        return attributes();
      case Kind::fifo:
      case Kind::socket:
        inode_.links = TRY(cursor_.number<uint32_t>());
        return attributes();
    }
    return ok();
  }

  Result<void> attributes() {
    if (extended_) inode_.attributes = TRY(cursor_.number<uint32_t>());
    return ok();
  }

  void listing(uint32_t block, uint32_t offset, uint32_t length) {
    inode_.listing_block = block;
    inode_.listing_offset = offset;
    inode_.listing_bytes = length < dots_bytes ? 0 : length - dots_bytes;
    inode_.size = length;
  }

  Result<void> basic_directory() {
    auto block = TRY(cursor_.number<uint32_t>());
    inode_.links = TRY(cursor_.number<uint32_t>());
    auto length = TRY(cursor_.number<uint16_t>());
    auto offset = TRY(cursor_.number<uint16_t>());
    TRY(cursor_.number<uint32_t>());  // the parent's number
    listing(block, offset, length);
    return ok();
  }

  Result<void> extended_directory() {
    inode_.links = TRY(cursor_.number<uint32_t>());
    auto length = TRY(cursor_.number<uint32_t>());
    auto block = TRY(cursor_.number<uint32_t>());
    TRY(cursor_.number<uint32_t>());  // the parent's number
    auto count = TRY(cursor_.number<uint16_t>());
    auto offset = TRY(cursor_.number<uint16_t>());
    TRY(attributes());
    listing(block, offset, length);
    for (unsigned i = 0; i < count; ++i) {
      auto before = TRY(cursor_.number<uint32_t>());
      auto at = TRY(cursor_.number<uint32_t>());
      size_t name_bytes = size_t{TRY(cursor_.number<uint32_t>())} + 1;
      if (name_bytes > max_name_bytes) return damaged("a name of " + std::to_string(name_bytes) + " bytes");
      auto name = TRY(cursor_.text(name_bytes));
      if (before > inode_.listing_bytes) return damaged("a directory's index beyond its end");
      inode_.index.emplace_back(std::move(name), std::pair(uint64_t{at}, before));
    }
    return ok();
  }

  Result<void> basic_file() {
    auto start = TRY(cursor_.number<uint32_t>());
    inode_.fragment = TRY(cursor_.number<uint32_t>());
    inode_.fragment_offset = TRY(cursor_.number<uint32_t>());
    inode_.size = TRY(cursor_.number<uint32_t>());
    return blocks(start);
  }

  Result<void> extended_file() {
    auto start = TRY(cursor_.number<uint64_t>());
    inode_.size = TRY(cursor_.number<uint64_t>());
    TRY(cursor_.number<uint64_t>());  // bytes in holes
    inode_.links = TRY(cursor_.number<uint32_t>());
    inode_.fragment = TRY(cursor_.number<uint32_t>());
    inode_.fragment_offset = TRY(cursor_.number<uint32_t>());
    TRY(attributes());
    return blocks(start);
  }

  // The words stay where they are, for an image of a megabyte can hold a hundred million of them. What is
  // kept of them is less than the file itself has for them.
  Result<void> blocks(uint64_t start) {
    if (inode_.size > static_cast<uint64_t>(INT64_MAX)) return damaged("a file of more than 2^63 bytes");
    uint64_t count = inode_.size / tables_.block_size;
    if (inode_.fragment == no_fragment && inode_.size % tables_.block_size != 0) ++count;
    if (count > metadata_.most_bytes_from(cursor_.place().block) / sizeof(uint32_t))
      return damaged("a list of blocks beyond its end");
    inode_.block_count = count;
    BlockWords words;
    for (uint64_t i = 0; i < count; i += words.size()) {
      auto [block, offset] = cursor_.place();
      inode_.marks.push_back({start, block, offset});
      auto some = std::span(words).first(std::min<uint64_t>(words.size(), count - i));
      TRY(read_words(cursor_, some));
      for (auto word : some) {
        uint32_t stored = word & (data_uncompressed - 1);
        if (stored > tables_.block_size) return damaged("a block of " + std::to_string(stored) + " bytes");
        start += stored;
        if (stored != 0 && start > metadata_.file().size) return damaged("a block beyond its end");
      }
    }
    return ok();
  }

  Result<void> link() {
    inode_.links = TRY(cursor_.number<uint32_t>());
    auto length = TRY(cursor_.number<uint32_t>());
    if (length == 0 || length > max_target_bytes)
      return damaged("a symbolic link of " + std::to_string(length) + " bytes");
    inode_.target = TRY(cursor_.text(length));
    if (inode_.target.find('\0') != std::string::npos) return damaged("a symbolic link with a NUL");
    inode_.size = length;
    return attributes();
  }

  MetadataCursor cursor_;
  const Metadata& metadata_;
  const Tables& tables_;
  bool extended_ = false;
  Inode inode_;
};

bool possible_name(const std::string& name) {
  return name != "." && name != ".." && name.find('/') == name.npos && name.find('\0') == name.npos;
}

}  // namespace

Result<Inode> read_inode(const Metadata& metadata, const Tables& tables, uint64_t reference) {
  if (reference >> 48 != 0) return metadata.file().damaged("an inode's reference");
  auto cursor = TRY(MetadataCursor::at(metadata, tables.inodes + (reference >> 16),
                                       static_cast<uint32_t>(reference & 0xffff)));
  auto inode = TRY(InodeParser(std::move(cursor), metadata, tables).parse());
  inode.reference = reference;
  return inode;
}

Result<BlockPlace> find_block(const Metadata& metadata, const Inode& file, uint64_t index) {
  BlockWords words;
  const auto& mark = file.marks[index / words.size()];
  auto cursor = TRY(MetadataCursor::at(metadata, mark.words_block, mark.words_offset));
  auto some = std::span(words).first(index % words.size() + 1);
  TRY(read_words(cursor, some));
  BlockPlace found{mark.data, some.back()};
  for (auto word : some.first(some.size() - 1)) found.place += word & (data_uncompressed - 1);
  return found;
}

Result<ListingCursor> ListingCursor::resume(const Metadata& metadata,
                                            const SquashReader::ListingPlace& place) {
  ListingCursor cursor(TRY(MetadataCursor::at(metadata, place.block, place.offset)), metadata, place.left);
  cursor.entries_ = place.entries;
  cursor.inode_block_ = place.inode_block;
  return cursor;
}

SquashReader::ListingPlace ListingCursor::place() const {
  auto [block, offset] = cursor_.place();
  return {block, offset, left_, entries_, inode_block_};
}

Result<ListingCursor> ListingCursor::begin(const Metadata& metadata, const Tables& tables,
                                           const Inode& directory, std::string_view from) {
  if (directory.kind != Kind::directory) return sys_error("directory", ENOTDIR);
  uint64_t block = directory.listing_block, skipped = 0;
  if (directory.listing_bytes > metadata.most_bytes_from(tables.directories + block))
    return metadata.file().damaged("a directory beyond its end");
  for (const auto& [name, place] : directory.index) {
    if (name > from) break;
    block = place.first;
    skipped = place.second;
  }
  // An index counts bytes from the listing's beginning; headers begin anywhere in a block.
  auto offset = static_cast<uint32_t>((directory.listing_offset + skipped) % metadata_block_bytes);
  auto left = static_cast<uint32_t>(directory.listing_bytes - skipped);
  auto cursor = TRY(MetadataCursor::at(metadata, tables.directories + block, left == 0 ? 0 : offset));
  return ListingCursor(std::move(cursor), metadata, left);
}

Result<void> ListingCursor::take(uint32_t bytes) {
  if (bytes > left_) return metadata_->file().damaged("a directory that ends too early");
  left_ -= bytes;
  return ok();
}

Result<std::optional<SquashReader::Entry>> ListingCursor::next() {
  constexpr uint32_t header_bytes = 12, entry_bytes = 8;
  if (entries_ == 0) {
    if (left_ == 0) return std::optional<SquashReader::Entry>();
    TRY(take(header_bytes));
    auto count = TRY(cursor_.number<uint32_t>());
    inode_block_ = TRY(cursor_.number<uint32_t>());
    TRY(cursor_.number<uint32_t>());  // the number that the entries' own are relative to
    if (count >= max_entries_per_header) return metadata_->file().damaged("a directory's header");
    entries_ = count + 1;
  }
  --entries_;
  TRY(take(entry_bytes));
  auto offset = TRY(cursor_.number<uint16_t>());
  TRY(cursor_.number<uint16_t>());
  auto kind = kind_of(TRY(cursor_.number<uint16_t>()));
  auto name_bytes = uint32_t{TRY(cursor_.number<uint16_t>())} + 1;
  if (!kind || name_bytes > max_name_bytes) return metadata_->file().damaged("a directory's entry");
  TRY(take(name_bytes));
  SquashReader::Entry entry{TRY(cursor_.text(name_bytes)), inode_block_ << 16 | offset, *kind};
  if (!possible_name(entry.name)) return metadata_->file().damaged("a name with '/' or NUL, '.' or '..'");
  return std::optional(std::move(entry));
}

}  // namespace pyxis::squash
