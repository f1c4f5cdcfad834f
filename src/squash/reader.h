// A squashfs file, read in user space: its directories, files and attributes. Every byte of it is hostile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {
namespace squash {
class ListingCursor;
}

// All const members may be called by many threads at once. Errors name the file; EIO is damage.
class SquashReader {
 public:
  // Reads the super block: what is no squashfs file, truncated or compressed with what is unknown here shows
  // at once. `name` is for messages. Decoded blocks take up to about `cache_bytes`.
  static Result<std::unique_ptr<SquashReader>> open(Fd file, std::string name,
                                                    size_t cache_bytes = 64u << 20);
  ~SquashReader();

  struct Info {
    std::string compressor;
    uint32_t block_size = 0, inodes = 0;
    uint32_t created = 0;     // seconds since 1970
    uint64_t bytes = 0;       // of the image
    bool attributes = false;  // whether any file has extended attributes
  };
  const Info& info() const;

  enum class Kind { directory, regular, symlink, block_device, char_device, fifo, socket };
  struct Inode {
    uint64_t reference = 0;  // the same for all names of a file
    uint32_t number = 0;
    Kind kind = Kind::regular;
    uint16_t mode = 0;   // 07777
    uint32_t mtime = 0;  // seconds since 1970
    uint64_t size = 0;   // bytes: of a file, of a link's target
    uint32_t links = 1;
    uint32_t device = 0;        // devices, as the kernel encodes them
    std::string target;         // symbolic links
    uint32_t attributes = ~0u;  // index; all bits: none

    // Where the content is. Files: their blocks, and the tail within a fragment block. Of every 256th block
    // its place in the image, and that of its word in the metadata.
    struct BlockMark {
      uint64_t data, words_block;
      uint32_t words_offset;
    };
    uint64_t block_count = 0;
    std::vector<BlockMark> marks;
    uint32_t fragment = ~0u, fragment_offset = 0;
    // Directories: the beginning of their listing and its bytes, and whether it has an index, which follows
    // the inode.
    uint64_t listing_block = 0;
    uint32_t listing_offset = 0, listing_bytes = 0;
    std::vector<std::pair<std::string, std::pair<uint64_t, uint32_t>>>
        index;  // first name -> block, bytes before
  };
  uint64_t root() const;
  Result<std::shared_ptr<const Inode>> inode(uint64_t reference) const;

  struct Entry {
    std::string name;  // neither empty, "." nor "..", and without '/' and NUL
    uint64_t reference = 0;
    Kind kind = Kind::regular;
  };
  // A place in a directory's listing.
  struct ListingPlace {
    uint64_t block = 0;
    uint32_t offset = 0, left = 0, entries = 0;
    uint64_t inode_block = 0;
  };
  // A directory's entries one by one, sorted by name, as bytes: there may be more than memory holds.
  class Listing {
   public:
    Listing(Listing&&) noexcept;
    Listing& operator=(Listing&&) = delete;
    ~Listing();
    // Nothing at the end.
    Result<std::optional<Entry>> next();
    // To go on from here another time.
    ListingPlace place() const;

   private:
    friend class SquashReader;
    explicit Listing(squash::ListingCursor cursor);
    std::unique_ptr<squash::ListingCursor> cursor_;
  };
  // ENOTDIR where it is no directory. The image must outlive it.
  Result<Listing> list(const Inode& directory) const;
  // `place`: of a listing of this image.
  Result<Listing> list(const ListingPlace& place) const;
  Result<std::optional<Entry>> find(const Inode& directory, std::string_view name) const;

  // How many bytes from `offset` on were there to fill `out`: fewer only at the file's end.
  Result<size_t> read(const Inode& file, uint64_t offset, std::span<char> out) const;
  // Whether the block that `offset` is in is one of zeros that the image does not store.
  Result<bool> is_hole(const Inode& file, uint64_t offset) const;

  // Names with their prefix ("user.x"), and values.
  Result<std::vector<std::pair<std::string, std::string>>> attributes(const Inode& inode) const;

 private:
  struct State;
  explicit SquashReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pyxis
