// Inodes and directory listings of a squashfs file. Hostile input.
#pragma once

#include "squash/metadata.h"
#include "squash/reader.h"

namespace pyxis::squash {

// The bits of the super block that inodes depend on.
struct Tables {
  uint64_t inodes = 0, directories = 0;  // where they begin in the file
  uint32_t block_size = 0;
};

Result<SquashReader::Inode> read_inode(const Metadata& metadata, const Tables& tables, uint64_t reference);

// Where a block of a file is in the image, and its word: the stored size and how it is stored.
struct BlockPlace {
  uint64_t place = 0;
  uint32_t word = 0;
  uint32_t stored() const { return word & (data_uncompressed - 1); }
};

// `index` is less than the file's block_count.
Result<BlockPlace> find_block(const Metadata& metadata, const SquashReader::Inode& file, uint64_t index);

// Calls `visit` with the entries of a directory in their order, from the last one of its index that is not
// behind `from` on, until it returns false.
template <class Visit>
Result<void> visit_entries(const Metadata& metadata, const Tables& tables,
                           const SquashReader::Inode& directory, std::string_view from, Visit&& visit);

// One header of a listing and the entries behind it, as visit_entries reads them.
class ListingCursor {
 public:
  static Result<ListingCursor> begin(const Metadata& metadata, const Tables& tables,
                                     const SquashReader::Inode& directory, std::string_view from);
  // From where another cursor was.
  static Result<ListingCursor> resume(const Metadata& metadata, const SquashReader::ListingPlace& place);
  // Nothing at the end.
  Result<std::optional<SquashReader::Entry>> next();
  SquashReader::ListingPlace place() const;

 private:
  ListingCursor(MetadataCursor cursor, const Metadata& metadata, uint32_t left)
      : cursor_(std::move(cursor)), metadata_(&metadata), left_(left) {}
  Result<void> take(uint32_t bytes);

  MetadataCursor cursor_;
  const Metadata* metadata_;
  uint32_t left_;         // bytes of the listing
  uint32_t entries_ = 0;  // left behind the last header
  uint64_t inode_block_ = 0;
};

template <class Visit>
Result<void> visit_entries(const Metadata& metadata, const Tables& tables,
                           const SquashReader::Inode& directory, std::string_view from, Visit&& visit) {
  auto cursor = TRY(ListingCursor::begin(metadata, tables, directory, from));
  for (;;) {
    auto entry = TRY(cursor.next());
    if (!entry || !visit(std::move(*entry))) return ok();
  }
}

}  // namespace pyxis::squash
