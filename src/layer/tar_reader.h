// One archive entry after another from a tar stream: ustar, pax, GNU and old tar, as libarchive reads them,
// with names as the bytes they are in the archive whatever the process's locale.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "layer/byte_source.h"

namespace pyxis {

struct TarEntry {
  enum class Kind { file, directory, symlink, hard_link, fifo, other };  // other: device nodes, sockets
  Kind kind = Kind::other;
  std::string name;
  std::string target;  // of symlinks and hard links
  mode_t mode = 0;     // permission bits, with setuid, setgid and sticky as archived
  timespec mtime{};
  uint64_t size = 0;                                        // of files, holes included
  std::vector<std::pair<std::string, std::string>> xattrs;  // full names
};

// To be used and destroyed by the thread that made it: it holds that thread's locale.
class TarReader {
 public:
  // `stream` is an uncompressed tar and outlives the reader.
  explicit TarReader(ByteSource& stream);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  // The next entry into `entry`, or false at the archive's end (what follows it in the stream is left unread,
  // but for what is buffered). Content not read is skipped. One entry's headers may take 4 MiB, which bounds
  // libarchive's memory.
  Result<bool> next(TarEntry& entry);

  struct Block {
    uint64_t offset = 0;              // in the file; what lies between blocks is a hole
    std::span<const std::byte> data;  // valid until the next call
  };
  // The current file's next piece of content, or nothing at its end.
  Result<std::optional<Block>> next_block();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pyxis
