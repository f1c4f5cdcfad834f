#include "layer/decompress.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "layer/inflate.h"

namespace pyxis {
namespace {

constexpr size_t input_buffer_size = 128 << 10;
constexpr size_t part_header_size = 4096;  // a member's header, with any name and comment that is not absurd
constexpr size_t tar_block = 512;
constexpr int zstd_window_log_max = 27;  // 128 MiB, zstd's own limit without --long

// The stream as it is, with some of its first bytes already looked at.
class PeekedSource : public ByteSource {
 public:
  explicit PeekedSource(ByteSource& rest) : rest_(rest), head_(input_buffer_size) {}

  // The first bytes, at least `count` of them unless the stream is shorter.
  Result<std::span<const std::byte>> peek(size_t count) {
    end_ = TRY(read_fully(rest_, std::span(head_).first(count)));
    return std::span<const std::byte>(head_).first(end_);
  }
  Result<size_t> read(std::span<std::byte> buffer) override {
    if (begin_ == end_) return rest_.read(buffer);
    size_t count = std::min(buffer.size(), end_ - begin_);
    std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(begin_), count, buffer.begin());
    begin_ += count;
    return count;
  }

 private:
  ByteSource& rest_;
  std::vector<std::byte> head_;
  size_t begin_ = 0, end_ = 0;
};

// What the two decoders share: the input buffer, and what may stand between and after members or frames.
class CompressedSource : public ByteSource {
 public:
  explicit CompressedSource(std::unique_ptr<PeekedSource> input)
      : input_(std::move(input)), buffer_(input_buffer_size) {}

  Result<size_t> read(std::span<std::byte> output) override {
    while (!ended_ && !output.empty()) {
      if (begin_ == end_) TRY(refill());
      if (part_begins_ && TRY(begin_part())) break;
      size_t produced = TRY(decode(output));
      if (produced > 0) return produced;
    }
    return 0;
  }

 protected:
  // Decodes some of rest() (which may be empty at the end of the input) into `output`; calls consume() and,
  // at the end of a member or frame, finish_part(). 0 bytes: call again.
  virtual Result<size_t> decode(std::span<std::byte> output) = 0;
  virtual const char* name() const = 0;

  std::span<const std::byte> rest() const { return std::span(buffer_).subspan(begin_, end_ - begin_); }
  void consume(size_t count) { begin_ += count; }
  void finish_part() { part_begins_ = true; }
  // A decoder with room for output that makes no progress wants more input: there is none once the input has
  // ended.
  Result<void> check_progress(bool progress) {
    if (progress) return ok();
    if (!drained_) return fail(std::string(name()) + ": damaged data");
    return fail(std::string(name()) + ": the stream ends in the middle",
                "the download is incomplete: import again");
  }

 private:
  Result<void> refill() {
    begin_ = end_ = 0;
    return read_more();
  }
  Result<void> read_more() {
    size_t got = drained_ ? 0 : TRY(input_->read(std::span(buffer_).subspan(end_)));
    drained_ = got == 0;
    end_ += got;
    return ok();
  }
  // True at the end of the stream: no input, or zeros up to its end.
  Result<bool> begin_part() {
    part_begins_ = false;
    if (end_ - begin_ < part_header_size) {
      // igzip miscounts the checksum of a header that comes in pieces.
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
      end_ -= std::exchange(begin_, 0);
      while (!drained_ && end_ < part_header_size) TRY(read_more());
    }
    if (!rest().empty() && rest().front() != std::byte{0}) return false;
    while (!rest().empty()) {
      if (!std::ranges::all_of(rest(), [](std::byte b) { return b == std::byte{0}; }))
        return fail(std::string(name()) + ": unknown bytes after the end of the stream");
      TRY(refill());
    }
    ended_ = true;
    return true;
  }

  std::unique_ptr<PeekedSource> input_;
  std::vector<std::byte> buffer_;
  size_t begin_ = 0, end_ = 0;
  bool drained_ = false, part_begins_ = true, ended_ = false;
};

class GzipSource : public CompressedSource {
 public:
  using CompressedSource::CompressedSource;

 protected:
  const char* name() const override { return "gzip"; }
  Result<size_t> decode(std::span<std::byte> output) override {
    auto step = TRY(member_.step(rest(), output));
    consume(step.consumed);
    if (step.finished) {
      member_.restart();
      finish_part();
    } else {
      TRY(check_progress(step.consumed > 0 || step.produced > 0));
    }
    return step.produced;
  }

 private:
  GzipMember member_;
};

class ZstdSource : public CompressedSource {
 public:
  explicit ZstdSource(std::unique_ptr<PeekedSource> input)
      : CompressedSource(std::move(input)), stream_(::ZSTD_createDStream(), ::ZSTD_freeDStream) {
    if (!stream_) throw std::bad_alloc();
    ::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, zstd_window_log_max);
  }

 protected:
  const char* name() const override { return "zstd"; }
  Result<size_t> decode(std::span<std::byte> output) override {
    ZSTD_inBuffer in{rest().data(), rest().size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    size_t state = ::ZSTD_decompressStream(stream_.get(), &out, &in);
    if (::ZSTD_isError(state)) return fail(std::string("zstd: ") + ::ZSTD_getErrorName(state));
    consume(in.pos);
    if (state == 0)
      finish_part();
    else
      TRY(check_progress(in.pos > 0 || out.pos > 0));
    return out.pos;
  }

 private:
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
};

bool starts_with(std::span<const std::byte> head, std::string_view magic) {
  return std::string_view(reinterpret_cast<const char*>(head.data()), head.size()).starts_with(magic);
}

bool is_zstd(std::span<const std::byte> head) {
  if (starts_with(head, "\x28\xb5\x2f\xfd")) return true;
  // A skippable frame: 0x184D2A5? in little endian.
  return head.size() >= 4 && (head[0] & std::byte{0xf0}) == std::byte{0x50} &&
         starts_with(head.subspan(1), "\x2a\x4d\x18");
}

// A header whose checksum holds (the sum of all bytes, the checksum's own counted as blanks), or a block of
// zeros.
bool is_tar(std::span<const std::byte> head) {
  if (head.size() < tar_block) return false;
  constexpr size_t sum_begin = 148, sum_end = 156;
  unsigned sum = 0;
  int signed_sum = 0;
  bool zeros = true;
  for (size_t i = 0; i < tar_block; ++i) {
    auto byte = i >= sum_begin && i < sum_end ? std::byte{' '} : head[i];
    sum += std::to_integer<unsigned>(byte);
    signed_sum += static_cast<signed char>(byte);
    zeros = zeros && head[i] == std::byte{0};
  }
  unsigned stored = 0;
  for (size_t i = sum_begin; i < sum_end; ++i) {
    char c = std::to_integer<char>(head[i]);
    if (c >= '0' && c <= '7')
      stored = stored * 8 + static_cast<unsigned>(c - '0');
    else if (c != ' ' || stored != 0)
      break;
  }
  return zeros || stored == sum || static_cast<int>(stored) == signed_sum;
}

struct ForeignFormat {
  std::string_view magic, name;
};
using namespace std::string_view_literals;
constexpr std::array foreign_formats = {
    ForeignFormat{"\xfd"
                  "7zXZ\0"sv,
                  "xz"},
    ForeignFormat{"BZh"sv, "bzip2"},
    ForeignFormat{"\x04\x22\x4d\x18"sv, "lz4"},
    ForeignFormat{"\x5d\0\0"sv, "lzma"},
    ForeignFormat{"LZIP"sv, "lzip"},
    ForeignFormat{"\x1f\x9d"sv, "compress (.Z)"},
    ForeignFormat{"PK\x03\x04"sv, "zip"},
    ForeignFormat{"hsqs"sv, "squashfs"},
    ForeignFormat{"\x89LZO"sv, "lzop"},
    ForeignFormat{"7z\xbc\xaf"sv, "7z"},
};

Error unknown_format(std::span<const std::byte> head) {
  constexpr const char* remedy = "supported are tar, tar+gzip and tar+zstd";
  for (const auto& format : foreign_formats)
    if (starts_with(head, format.magic))
      return fail("layer: unsupported compression " + std::string(format.name), remedy);
  auto shown = head.first(std::min<size_t>(head.size(), 16));
  std::string_view text(reinterpret_cast<const char*>(shown.data()), shown.size());
  return fail("layer: neither tar nor a known compression: it begins with \"" + printable(text) + "\"",
              remedy);
}

}  // namespace

Result<std::unique_ptr<ByteSource>> make_decompressor(ByteSource& input) {
  auto peeked = std::make_unique<PeekedSource>(input);
  auto head = TRY(peeked->peek(tar_block));
  std::unique_ptr<ByteSource> source;
  if (starts_with(head, "\x1f\x8b"))
    source = std::make_unique<GzipSource>(std::move(peeked));
  else if (is_zstd(head))
    source = std::make_unique<ZstdSource>(std::move(peeked));
  else if (head.empty() || is_tar(head))
    source = std::move(peeked);
  else
    return unknown_format(head);
  return source;
}

}  // namespace pyxis
