#include <isa-l/igzip_lib.h>

#include "layer/inflate.h"

namespace pyxis {
namespace {

Error inflate_error(int code) {
  switch (code) {
    case ISAL_INCORRECT_CHECKSUM:
      return fail("gzip: wrong checksum");
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
      return fail("gzip: bad header");
    default:
      return fail("gzip: damaged data");
  }
}

}  // namespace

struct GzipMember::State {
  inflate_state stream;
};

GzipMember::GzipMember() : state_(std::make_unique<State>()) {
  ::isal_inflate_init(&state_->stream);
  state_->stream.crc_flag = ISAL_GZIP;
}

GzipMember::~GzipMember() = default;

Result<GzipMember::Step> GzipMember::step(std::span<const std::byte> input, std::span<std::byte> output) {
  auto& stream = state_->stream;
  // igzip's input pointer is not const, yet it only reads.
  stream.next_in = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(input.data()));
  stream.avail_in = static_cast<uint32_t>(input.size());
  stream.next_out = reinterpret_cast<uint8_t*>(output.data());
  stream.avail_out = static_cast<uint32_t>(output.size());
  int code = ::isal_inflate(&stream);
  if (code < 0 || code == ISAL_NEED_DICT) return inflate_error(code);
  return Step{input.size() - stream.avail_in, output.size() - stream.avail_out,
              stream.block_state == ISAL_BLOCK_FINISH};
}

void GzipMember::restart() {
  ::isal_inflate_reset(&state_->stream);
  state_->stream.crc_flag = ISAL_GZIP;
}

}  // namespace pyxis
