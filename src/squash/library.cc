#include "squash/library.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace pyxis {
namespace {

const char* describe(int status) {
  switch (status) {
    case SQFS_ERROR_IO:
      return "input or output failed";
    case SQFS_ERROR_COMPRESSOR:
      return "the compressor failed";
    case SQFS_ERROR_UNSUPPORTED:
      return "not supported by this libsquashfs";
    case SQFS_ERROR_OVERFLOW:
      return "too large for the format";
    default:
      return "internal error of libsquashfs";
  }
}

// A compressor whose results are never larger than what they came from: readers refuse such blocks, and lz4
// in libsquashfs (1.2.0) makes them.
struct ShrinkingCompressor {
  sqfs_compressor_t access{};
  SqfsPtr<sqfs_compressor_t> inner;

  explicit ShrinkingCompressor(SqfsPtr<sqfs_compressor_t> compressor) : inner(std::move(compressor)) {
    access.base.destroy = [](sqfs_object_t* object) {
      delete reinterpret_cast<ShrinkingCompressor*>(object);
    };
    access.base.copy = [](const sqfs_object_t* object) -> sqfs_object_t* {
      const auto* original = reinterpret_cast<const ShrinkingCompressor*>(object);
      SqfsPtr<sqfs_compressor_t> copy(static_cast<sqfs_compressor_t*>(sqfs_copy(original->inner.get())));
      return copy ? &(new ShrinkingCompressor(std::move(copy)))->access.base : nullptr;
    };
    access.get_configuration = [](const sqfs_compressor_t* self, sqfs_compressor_config_t* config) {
      const auto* wrapped = reinterpret_cast<const ShrinkingCompressor*>(self)->inner.get();
      wrapped->get_configuration(wrapped, config);
    };
    access.write_options = [](sqfs_compressor_t* self, sqfs_file_t* file) {
      auto* wrapped = reinterpret_cast<ShrinkingCompressor*>(self)->inner.get();
      return wrapped->write_options(wrapped, file);
    };
    access.do_block = [](sqfs_compressor_t* self, const sqfs_u8* in, sqfs_u32 size, sqfs_u8* out,
                         sqfs_u32 room) -> sqfs_s32 {
      auto* wrapped = reinterpret_cast<ShrinkingCompressor*>(self)->inner.get();
      auto made = wrapped->do_block(wrapped, in, size, out, room);
      return made > 0 && static_cast<sqfs_u32>(made) >= size ? 0 : made;
    };
  }
};
static_assert(
    std::is_standard_layout_v<ShrinkingCompressor>);  // the pointer to `access` is that to the whole

}  // namespace

SqfsFile::SqfsFile(int fd) : fd_(fd) {
  access_.base.destroy = [](sqfs_object_t*) {};
  access_.read_at = [](sqfs_file_t* file, sqfs_u64 offset, void* buffer, size_t size) {
    auto* bytes = static_cast<char*>(buffer);
    while (size > 0) {
      ssize_t got = ::pread(of(file).fd_, bytes, size, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return of(file).failed(got < 0 ? errno : EIO);
      bytes += got;
      offset += static_cast<size_t>(got);
      size -= static_cast<size_t>(got);
    }
    return 0;
  };
  access_.write_at = [](sqfs_file_t* file, sqfs_u64 offset, const void* buffer, size_t size) {
    const auto* bytes = static_cast<const char*>(buffer);
    while (size > 0) {
      ssize_t put = ::pwrite(of(file).fd_, bytes, size, static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return of(file).failed(put < 0 ? errno : EIO);
      bytes += put;
      offset += static_cast<size_t>(put);
      size -= static_cast<size_t>(put);
    }
    of(file).size_ = std::max<uint64_t>(of(file).size_, offset);
    return 0;
  };
  access_.get_size = [](const sqfs_file_t* file) -> sqfs_u64 {
    return of(const_cast<sqfs_file_t*>(file)).size_;
  };
  access_.truncate = [](sqfs_file_t* file, sqfs_u64 size) {
    if (::ftruncate(of(file).fd_, static_cast<off_t>(size)) != 0) return of(file).failed(errno);
    of(file).size_ = size;
    return 0;
  };
}

SqfsFile& SqfsFile::of(sqfs_file_t* file) {
  return *reinterpret_cast<SqfsFile*>(reinterpret_cast<char*>(file) - offsetof(SqfsFile, access_));
}

int SqfsFile::failed(int code) {
  if (error_ == 0) error_ = code;
  return SQFS_ERROR_IO;
}

Result<void> check_sqfs(int status, std::string_view what, const SqfsFile& file) {
  if (status == 0) return ok();
  if (file.error() != 0) return sys_error("write", file.error());
  if (status == SQFS_ERROR_ALLOC) return sys_error(what, ENOMEM);
  return fail(std::string(what) + ": " + describe(status) + " (" + std::to_string(status) + ")");
}

SQFS_COMPRESSOR compressor_id(CompressionOptions::Algorithm algorithm) {
  switch (algorithm) {
    case CompressionOptions::Algorithm::gzip:
      return SQFS_COMP_GZIP;
    case CompressionOptions::Algorithm::lz4:
      return SQFS_COMP_LZ4;
    case CompressionOptions::Algorithm::xz:
      return SQFS_COMP_XZ;
    case CompressionOptions::Algorithm::zstd:
      break;
  }
  return SQFS_COMP_ZSTD;
}

sqfs_u16 flags_for(const CompressionOptions& options) {
  constexpr std::array<std::pair<std::string_view, sqfs_u16>, 11> names = {
      {{"x86", SQFS_COMP_FLAG_XZ_X86},
       {"arm", SQFS_COMP_FLAG_XZ_ARM},
       {"armthumb", SQFS_COMP_FLAG_XZ_ARMTHUMB},
       {"powerpc", SQFS_COMP_FLAG_XZ_POWERPC},
       {"sparc", SQFS_COMP_FLAG_XZ_SPARC},
       {"ia64", SQFS_COMP_FLAG_XZ_IA64},
       {"default", SQFS_COMP_FLAG_GZIP_DEFAULT},
       {"filtered", SQFS_COMP_FLAG_GZIP_FILTERED},
       {"huffman_only", SQFS_COMP_FLAG_GZIP_HUFFMAN},
       {"run_length_encoded", SQFS_COMP_FLAG_GZIP_RLE},
       {"fixed", SQFS_COMP_FLAG_GZIP_FIXED}}};
  unsigned flags = options.lz4_high ? SQFS_COMP_FLAG_LZ4_HC : 0;
  for (const auto* list : {&options.filters, &options.strategies})
    for (const auto& [name, flag] : names)
      if (std::ranges::find(*list, name) != list->end()) flags |= flag;
  return static_cast<sqfs_u16>(flags);
}

Result<SqfsPtr<sqfs_compressor_t>> make_compressor(const CompressionOptions& options, Direction direction,
                                                   const SqfsFile& file) {
  auto id = compressor_id(options.algorithm);
  sqfs_u16 flags =
      direction == Direction::uncompress ? sqfs_u16{SQFS_COMP_FLAG_UNCOMPRESS} : flags_for(options);
  sqfs_compressor_config_t config{};
  TRY(check_sqfs(sqfs_compressor_config_init(&config, id, options.block_size, flags), "set up compression",
                 file));
  if (options.level) config.level = *options.level;
  if (options.dictionary) config.opt.xz.dict_size = *options.dictionary;
  if (options.window) config.opt.gzip.window_size = static_cast<sqfs_u16>(*options.window);
  sqfs_compressor_t* compressor = nullptr;
  auto what = std::string("compress with ") + sqfs_compressor_name_from_id(id);
  TRY(check_sqfs(sqfs_compressor_create(&config, &compressor), what, file));
  SqfsPtr<sqfs_compressor_t> owned(compressor);
  if (direction == Direction::uncompress) return owned;
  return SqfsPtr<sqfs_compressor_t>(&(new ShrinkingCompressor(std::move(owned)))->access);
}

sqfs_compressor_t* storing_compressor() {
  static sqfs_compressor_t compressor = [] {
    sqfs_compressor_t made{};
    made.base.destroy = [](sqfs_object_t*) {};
    made.write_options = [](sqfs_compressor_t*, sqfs_file_t*) { return 0; };
    // 0: the result would not be smaller (sqfs/compressor.h, do_block).
    made.do_block = [](sqfs_compressor_t*, const sqfs_u8*, sqfs_u32, sqfs_u8*, sqfs_u32) -> sqfs_s32 {
      return 0;
    };
    return made;
  }();
  return &compressor;
}

}  // namespace pyxis
