#include "squash/reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "squash/decompressor.h"
#include "squash/inode.h"
#include "squash/metadata.h"

namespace pyxis {

using squash::load;

namespace {

struct SuperBlock {
  uint32_t inodes, created, block_size, fragments;
  uint16_t compressor, block_log, major, minor;
  uint64_t root, bytes, xattr_table, inode_table, directory_table, fragment_table;
};

SuperBlock parse_super_block(const char* bytes) {
  return {load<uint32_t>(bytes + 4),  load<uint32_t>(bytes + 8),  load<uint32_t>(bytes + 12),
          load<uint32_t>(bytes + 16), load<uint16_t>(bytes + 20), load<uint16_t>(bytes + 22),
          load<uint16_t>(bytes + 28), load<uint16_t>(bytes + 30), load<uint64_t>(bytes + 32),
          load<uint64_t>(bytes + 40), load<uint64_t>(bytes + 56), load<uint64_t>(bytes + 64),
          load<uint64_t>(bytes + 72), load<uint64_t>(bytes + 80)};
}

// Extended attributes: lists of names and values, found by way of a table of references.
struct AttributeTable {
  uint64_t values = 0;  // where their metadata begins
  uint32_t count = 0;
  uint64_t blocks = 0;  // offset of the list of the table's blocks
};

}  // namespace

struct SquashReader::State {
  State(Fd fd, std::string name, size_t cache_bytes)
      : file(std::move(fd), std::move(name)),
        metadata(file, cache_bytes / 4),
        data(cache_bytes / 2),
        inodes(cache_bytes / 4) {}

  Result<void> open();
  // The place and stored size of a fragment block.
  Result<std::pair<uint64_t, uint32_t>> fragment(uint32_t index) const;
  // A whole data or fragment block, decoded into `out`, which has room for what it should hold; its length.
  Result<size_t> decode(uint64_t place, uint32_t word, std::span<char> out) const;
  Result<std::shared_ptr<const std::vector<char>>> cached(uint64_t place, uint32_t word, size_t length) const;
  // Part of a block: from `skip` on, as much as `out` takes.
  Result<void> read_block(uint64_t place, uint32_t word, size_t length, size_t skip,
                          std::span<char> out) const;
  Result<void> read_tail(const Inode& inode, size_t skip, std::span<char> out) const;

  squash::File file;
  squash::Metadata metadata;
  squash::Tables tables;
  Info info;
  uint64_t root = 0;
  uint64_t fragment_table = 0;
  uint32_t fragments = 0;
  std::optional<AttributeTable> attributes;
  mutable squash::Cache<std::vector<char>> data;
  mutable squash::Cache<Inode> inodes;
};

Result<void> SquashReader::State::open() {
  std::array<char, squash::super_block_bytes> bytes;
  auto not_one = [&] {
    return fail("image file " + file.name() + " is no squashfs file",
                "give one that 'pyxis import', 'pyxis export', mksquashfs or Apptainer made");
  };
  TRY(file.find_image());
  auto got = file.read(0, bytes);
  if (!got.ok()) return got.error().code == EIO ? Result<void>(not_one()) : got;
  if (load<uint32_t>(bytes.data()) != squash::magic) return not_one();
  auto super = parse_super_block(bytes.data());
  if (super.major != 4)
    return fail("image file " + file.name() + " is squashfs " + std::to_string(super.major) + "." +
                    std::to_string(super.minor) + ", not 4.0",
                "make it again with a newer mksquashfs");
  file.compressor = TRY_CONTEXT(squash::known_compressor(super.compressor), "image file " + file.name());
  if (super.block_size < squash::min_block_bytes || super.block_size > squash::max_block_bytes ||
      !std::has_single_bit(super.block_size) || std::countr_zero(super.block_size) != super.block_log)
    return file.damaged("blocks of " + std::to_string(super.block_size) + " bytes");
  file.size = super.bytes;
  if (TRY(file.bytes()) < super.bytes)
    return file.damaged("it has " + std::to_string(TRY(file.bytes())) + " bytes and should have " +
                        std::to_string(super.bytes));
  for (auto table : {super.inode_table, super.directory_table})
    if (table >= super.bytes) return file.damaged("a table beyond its end");
  tables = {super.inode_table, super.directory_table, super.block_size};
  root = super.root;
  fragment_table = super.fragment_table;
  fragments = super.fragments;
  info.compressor = squash::compressor_name(file.compressor);
  info.block_size = super.block_size;
  info.inodes = super.inodes;
  info.created = super.created;
  info.bytes = super.bytes;
  if (super.xattr_table != squash::no_table) {
    std::array<char, 16> header;
    TRY(file.read(super.xattr_table, header));
    attributes = AttributeTable{load<uint64_t>(header.data()), load<uint32_t>(header.data() + 8),
                                super.xattr_table + header.size()};
    info.attributes = attributes->count > 0;
  }
  return ok();
}

Result<std::pair<uint64_t, uint32_t>> SquashReader::State::fragment(uint32_t index) const {
  constexpr uint32_t entry_bytes = 16, per_block = squash::metadata_block_bytes / entry_bytes;
  if (index >= fragments) return file.damaged("a fragment that there is not");
  std::array<char, sizeof(uint64_t)> pointer;
  TRY(file.read(fragment_table + uint64_t{index / per_block} * pointer.size(), pointer));
  auto cursor = TRY(
      squash::MetadataCursor::at(metadata, load<uint64_t>(pointer.data()), index % per_block * entry_bytes));
  auto place = TRY(cursor.number<uint64_t>());
  return std::pair(place, TRY(cursor.number<uint32_t>()));
}

Result<size_t> SquashReader::State::decode(uint64_t place, uint32_t word, std::span<char> out) const {
  uint32_t stored = word & (squash::data_uncompressed - 1);
  if (stored > tables.block_size || place > file.size || file.size - place < stored)
    return file.damaged("a block beyond its end");
  if ((word & squash::data_uncompressed) != 0) {
    if (stored > out.size()) return file.damaged("a block that is too large");
    TRY(file.read(place, out.first(stored)));
    return stored;
  }
  thread_local std::vector<char> packed;
  if (packed.size() < stored) packed.resize(stored);
  TRY(file.read(place, std::span(packed).first(stored)));
  auto length = squash::decompress(file.compressor, std::span(packed).first(stored), out);
  if (!length.ok()) return file.damaged(length.error().message);
  return length;
}

Result<std::shared_ptr<const std::vector<char>>> SquashReader::State::cached(uint64_t place, uint32_t word,
                                                                             size_t length) const {
  return data.get(place, [&](size_t& cost) -> Result<std::shared_ptr<const std::vector<char>>> {
    auto block = std::make_shared<std::vector<char>>(length);
    block->resize(TRY(decode(place, word, *block)));
    cost = block->capacity();
    return std::shared_ptr<const std::vector<char>>(std::move(block));
  });
}

Result<void> SquashReader::State::read_block(uint64_t place, uint32_t word, size_t length, size_t skip,
                                             std::span<char> out) const {
  if ((word & (squash::data_uncompressed - 1)) == 0) {  // a hole
    std::ranges::fill(out, '\0');
    return ok();
  }
  auto known = data.find(place);
  if (!known && skip == 0 && out.size() == length) {  // the usual case: straight to who asks
    if (TRY(decode(place, word, out)) != length) return file.damaged("a block that is too short");
    return ok();
  }
  auto block = known ? std::move(known) : TRY(cached(place, word, length));
  if (block->size() != length) return file.damaged("a block that is too short");
  std::memcpy(out.data(), block->data() + skip, out.size());
  return ok();
}

Result<void> SquashReader::State::read_tail(const Inode& inode, size_t skip, std::span<char> out) const {
  auto [place, word] = TRY(fragment(inode.fragment));
  auto block = TRY(cached(place, word, tables.block_size));
  uint64_t from = uint64_t{inode.fragment_offset} + skip;
  if (from > block->size() || block->size() - from < out.size())
    return file.damaged("a file beyond its fragment");
  std::memcpy(out.data(), block->data() + from, out.size());
  return ok();
}

SquashReader::SquashReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
SquashReader::~SquashReader() = default;

Result<std::unique_ptr<SquashReader>> SquashReader::open(Fd file, std::string name, size_t cache_bytes) {
  auto state = std::make_unique<State>(std::move(file), std::move(name), cache_bytes);
  TRY(state->open());
  std::unique_ptr<SquashReader> reader(new SquashReader(std::move(state)));
  auto root = TRY(reader->inode(reader->root()));
  if (root->kind != Kind::directory) return reader->state_->file.damaged("its root is no directory");
  return reader;
}

const SquashReader::Info& SquashReader::info() const {
  return state_->info;
}

uint64_t SquashReader::root() const {
  return state_->root;
}

Result<std::shared_ptr<const SquashReader::Inode>> SquashReader::inode(uint64_t reference) const {
  return state_->inodes.get(reference, [&](size_t& cost) -> Result<std::shared_ptr<const Inode>> {
    auto inode =
        std::make_shared<Inode>(TRY(squash::read_inode(state_->metadata, state_->tables, reference)));
    cost = sizeof *inode + inode->marks.capacity() * sizeof inode->marks[0] + inode->target.capacity() +
           inode->index.size() * (sizeof inode->index[0] + squash::max_name_bytes);
    return std::shared_ptr<const Inode>(std::move(inode));
  });
}

SquashReader::Listing::Listing(squash::ListingCursor cursor)
    : cursor_(std::make_unique<squash::ListingCursor>(std::move(cursor))) {}
SquashReader::Listing::Listing(Listing&&) noexcept = default;
SquashReader::Listing::~Listing() = default;

Result<std::optional<SquashReader::Entry>> SquashReader::Listing::next() {
  return cursor_->next();
}

SquashReader::ListingPlace SquashReader::Listing::place() const {
  return cursor_->place();
}

Result<SquashReader::Listing> SquashReader::list(const Inode& directory) const {
  return Listing(TRY(squash::ListingCursor::begin(state_->metadata, state_->tables, directory, "")));
}

Result<SquashReader::Listing> SquashReader::list(const ListingPlace& place) const {
  return Listing(TRY(squash::ListingCursor::resume(state_->metadata, place)));
}

Result<std::optional<SquashReader::Entry>> SquashReader::find(const Inode& directory,
                                                              std::string_view name) const {
  std::optional<Entry> found;
  TRY(squash::visit_entries(state_->metadata, state_->tables, directory, name, [&](Entry entry) {
    int order = entry.name.compare(name);
    if (order == 0) found = std::move(entry);
    return order < 0;
  }));
  return found;
}

Result<size_t> SquashReader::read(const Inode& file, uint64_t offset, std::span<char> out) const {
  if (file.kind != Kind::regular) return sys_error("file", EINVAL);
  if (offset >= file.size) return size_t{0};
  out = out.first(std::min<uint64_t>(out.size(), file.size - offset));
  const uint64_t block_size = state_->tables.block_size;
  size_t done = 0;
  while (done < out.size()) {
    uint64_t index = (offset + done) / block_size, skip = (offset + done) % block_size;
    size_t length = std::min(block_size, file.size - index * block_size);
    auto part = out.subspan(done, std::min<uint64_t>(length - skip, out.size() - done));
    if (index < file.block_count) {
      auto block = TRY(squash::find_block(state_->metadata, file, index));
      TRY(state_->read_block(block.place, block.word, length, skip, part));
    } else {
      TRY(state_->read_tail(file, skip, part));
    }
    done += part.size();
  }
  return done;
}

Result<bool> SquashReader::is_hole(const Inode& file, uint64_t offset) const {
  uint64_t index = offset / state_->tables.block_size;
  if (index >= file.block_count) return false;
  return TRY(squash::find_block(state_->metadata, file, index)).stored() == 0;
}

Result<std::vector<std::pair<std::string, std::string>>> SquashReader::attributes(const Inode& inode) const {
  std::vector<std::pair<std::string, std::string>> list;
  const auto& table = state_->attributes;
  if (!table || inode.attributes == squash::no_xattr) return list;
  const auto& file = state_->file;
  if (inode.attributes >= table->count) return file.damaged("attributes that there are not");
  constexpr uint32_t entry_bytes = 16, per_block = squash::metadata_block_bytes / entry_bytes;
  std::array<char, sizeof(uint64_t)> pointer;
  TRY(file.read(table->blocks + uint64_t{inode.attributes / per_block} * pointer.size(), pointer));
  auto entry = TRY(squash::MetadataCursor::at(state_->metadata, load<uint64_t>(pointer.data()),
                                              inode.attributes % per_block * entry_bytes));
  auto at = [&](uint64_t reference) {
    return squash::MetadataCursor::at(state_->metadata, table->values + (reference >> 16),
                                      static_cast<uint32_t>(reference & 0xffff));
  };
  auto cursor = TRY(at(TRY(entry.number<uint64_t>())));
  auto count = TRY(entry.number<uint32_t>());
  // Documentation/filesystems: a file's attributes fit into 64 KiB on every Linux file system.
  constexpr size_t most_bytes = 64u << 10;
  size_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) {
    static constexpr std::array prefixes = {"user.", "trusted.", "security."};
    constexpr uint16_t elsewhere = 0x100;
    auto type = TRY(cursor.number<uint16_t>());
    auto name = TRY(cursor.text(TRY(cursor.number<uint16_t>())));
    auto length = TRY(cursor.number<uint32_t>());
    bytes += name.size() + length + 1;
    if (bytes > most_bytes || (type & 0xff) >= prefixes.size()) return file.damaged("an extended attribute");
    auto value = TRY(cursor.text(length));
    if ((type & elsewhere) != 0) {
      if (value.size() != sizeof(uint64_t)) return file.damaged("an extended attribute");
      auto other = TRY(at(load<uint64_t>(value.data())));
      auto other_length = TRY(other.number<uint32_t>());
      bytes += other_length;
      if (bytes > most_bytes) return file.damaged("an extended attribute");
      value = TRY(other.text(other_length));
    }
    list.emplace_back(prefixes[type & 0xff] + name, std::move(value));
  }
  return list;
}

}  // namespace pyxis
