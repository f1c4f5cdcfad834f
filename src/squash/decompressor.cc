#include "squash/decompressor.h"

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>

#include "squash/lzo.h"

namespace pyxis::squash {
namespace {

Error damaged(const char* compressor) {
  return sys_error(std::string("damaged ") + compressor + " data", EIO);
}

struct EndInflate {
  void operator()(z_stream* stream) const {
    ::inflateEnd(stream);
    delete stream;
  }
};

// A thread's stream, made once: it has tens of kilobytes of its own.
z_stream* own_inflate() {
  thread_local std::unique_ptr<z_stream, EndInflate> stream;
  if (!stream) {
    auto fresh = std::make_unique<z_stream>();
    *fresh = {};
    if (::inflateInit(fresh.get()) != Z_OK) return nullptr;
    stream.reset(fresh.release());
  }
  return ::inflateReset(stream.get()) == Z_OK ? stream.get() : nullptr;
}

Result<size_t> inflate_block(std::span<const char> in, std::span<char> out) {
  auto* stream = own_inflate();
  if (!stream) return sys_error("zlib", ENOMEM);
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream->avail_in = static_cast<uInt>(in.size());
  stream->next_out = reinterpret_cast<Bytef*>(out.data());
  stream->avail_out = static_cast<uInt>(out.size());
  if (::inflate(stream, Z_FINISH) != Z_STREAM_END) return damaged("gzip");
  return out.size() - stream->avail_out;
}

Result<size_t> decode_xz(std::span<const char> in, std::span<char> out) {
  // A dictionary is as large as a block at most; the rest is what the decoder itself takes.
  uint64_t memory = 64u << 20;
  size_t read = 0, written = 0;
  auto status =
      ::lzma_stream_buffer_decode(&memory, 0, nullptr, reinterpret_cast<const uint8_t*>(in.data()), &read,
                                  in.size(), reinterpret_cast<uint8_t*>(out.data()), &written, out.size());
  if (status != LZMA_OK) return damaged("xz");
  return written;
}

Result<size_t> decode_lz4(std::span<const char> in, std::span<char> out) {
  int written =
      ::LZ4_decompress_safe(in.data(), out.data(), static_cast<int>(in.size()), static_cast<int>(out.size()));
  if (written < 0) return damaged("lz4");
  return static_cast<size_t>(written);
}

Result<size_t> decode_zstd(std::span<const char> in, std::span<char> out) {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
  };
  thread_local std::unique_ptr<ZSTD_DCtx, Free> context(::ZSTD_createDCtx());
  if (!context) return sys_error("zstd", ENOMEM);
  size_t written = ::ZSTD_decompressDCtx(context.get(), out.data(), out.size(), in.data(), in.size());
  if (::ZSTD_isError(written)) return damaged("zstd");
  return written;
}

Result<size_t> decode_lzo(std::span<const char> in, std::span<char> out) {
  auto written = lzo_decompress(in, out);
  if (!written) return damaged("lzo");
  return *written;
}

}  // namespace

std::string compressor_name(CompressorId id) {
  switch (id) {
    case CompressorId::gzip:
      return "gzip";
    case CompressorId::lzma:
      return "lzma";
    case CompressorId::lzo:
      return "lzo";
    case CompressorId::xz:
      return "xz";
    case CompressorId::lz4:
      return "lz4";
    case CompressorId::zstd:
      return "zstd";
  }
  return "unknown";
}

Result<CompressorId> known_compressor(uint16_t id) {
  constexpr auto remedy =
      "make the file again with one of gzip, lzo, lz4, xz and zstd: mksquashfs -comp zstd";
  auto compressor = static_cast<CompressorId>(id);
  if (compressor == CompressorId::lzma) return fail("its compressor is lzma, which is out of use", remedy);
  if (id < 1 || id > static_cast<uint16_t>(CompressorId::zstd))
    return fail("its compressor is unknown (number " + std::to_string(id) + ")", remedy);
  return compressor;
}

Result<size_t> decompress(CompressorId compressor, std::span<const char> in, std::span<char> out) {
  switch (compressor) {
    case CompressorId::gzip:
      return inflate_block(in, out);
    case CompressorId::lzo:
      return decode_lzo(in, out);
    case CompressorId::xz:
      return decode_xz(in, out);
    case CompressorId::lz4:
      return decode_lz4(in, out);
    case CompressorId::zstd:
      return decode_zstd(in, out);
    case CompressorId::lzma:
      break;
  }
  return sys_error("lzma data", EOPNOTSUPP);
}

}  // namespace pyxis::squash
