// libsquashfs (squashfs-tools-ng) for C++: objects that destroy themselves, a file that remembers why a write
// failed, and errors in our words.
#pragma once

#include <sqfs/compressor.h>
#include <sqfs/error.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/predef.h>

#include <memory>
#include <string_view>

#include "base/result.h"
#include "squash/compression_options.h"

namespace pyxis {

struct SqfsDestroy {
  void operator()(void* object) const { sqfs_destroy(object); }
};
template <class T>
using SqfsPtr = std::unique_ptr<T, SqfsDestroy>;

// An open file as libsquashfs wants it. `file()` is valid as long as this lives, and does not close it.
class SqfsFile {
 public:
  explicit SqfsFile(int fd);
  SqfsFile(const SqfsFile&) = delete;
  SqfsFile& operator=(const SqfsFile&) = delete;

  sqfs_file_t* file() { return &access_; }
  uint64_t size() const { return size_; }
  // errno of the first read or write that failed, 0 if none did.
  int error() const { return error_; }

 private:
  static SqfsFile& of(sqfs_file_t* file);
  int failed(int code);

  sqfs_file_t access_{};
  int fd_;
  uint64_t size_ = 0;
  int error_ = 0;
};

// Of a call that gave `status`: nothing where that is 0. A failure of `file` comes with its errno.
Result<void> check_sqfs(int status, std::string_view what, const SqfsFile& file);
// The object, or ENOMEM where there is none.
template <class T>
Result<SqfsPtr<T>> check_made(T* object, std::string_view what) {
  if (object == nullptr) return sys_error(what, ENOMEM);
  return SqfsPtr<T>(object);
}

enum class Direction { compress, uncompress };
Result<SqfsPtr<sqfs_compressor_t>> make_compressor(const CompressionOptions& options, Direction direction,
                                                   const SqfsFile& file);
// One that leaves everything as it is: what is "compressed" with it is stored.
sqfs_compressor_t* storing_compressor();
SQFS_COMPRESSOR compressor_id(CompressionOptions::Algorithm algorithm);

}  // namespace pyxis
