#include <zlib.h>

#include <new>

#include "layer/inflate.h"

namespace pyxis {

struct GzipMember::State {
  z_stream stream{};
};

GzipMember::GzipMember() : state_(std::make_unique<State>()) {
  constexpr int gzip_only = 16 + MAX_WBITS;
  if (::inflateInit2(&state_->stream, gzip_only) != Z_OK) throw std::bad_alloc();
}

GzipMember::~GzipMember() {
  ::inflateEnd(&state_->stream);
}

Result<GzipMember::Step> GzipMember::step(std::span<const std::byte> input, std::span<std::byte> output) {
  auto& stream = state_->stream;
  // zlib's input pointer is const only with ZLIB_CONST, yet it only reads.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(output.size());
  int code = ::inflate(&stream, Z_NO_FLUSH);
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
    return fail(std::string("gzip: ") + (stream.msg ? stream.msg : "damaged data"));
  return Step{input.size() - stream.avail_in, output.size() - stream.avail_out, code == Z_STREAM_END};
}

void GzipMember::restart() {
  ::inflateReset(&state_->stream);
}

}  // namespace pyxis
