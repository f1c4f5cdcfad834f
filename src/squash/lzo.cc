#include "squash/lzo.h"

#include <cstdint>
#include <cstring>

namespace pyxis::squash {
namespace {

// One stream. Every read and write is checked; `good_` is false from the first that does not fit.
class LzoStream {
 public:
  LzoStream(std::span<const char> in, std::span<char> out) : in_(in), out_(out) {}

  std::optional<size_t> run() {
    first();
    while (good_ && !ended_) instruction(byte());
    if (!good_ || read_ != in_.size()) return std::nullopt;
    return written_;
  }

 private:
  // How many literals came directly before an instruction, as far as it matters: 0, 1 to 3, or 4 and more.
  static constexpr unsigned many = 4;

  unsigned byte() {
    if (read_ == in_.size()) return good_ = false, 0;
    return static_cast<unsigned char>(in_[read_++]);
  }

  // A length that did not fit its bits: zero bytes count 255 each, and the first other byte itself.
  size_t long_length() {
    size_t length = 0;
    for (;;) {
      unsigned next = byte();
      if (!good_) return 0;
      if (next != 0) return length + next;
      length += 255;
      if (length > out_.size()) return good_ = false, 0;
    }
  }

  void literals(size_t count) {
    if (count > in_.size() - read_ || count > out_.size() - written_) {
      good_ = false;
      return;
    }
    std::memcpy(out_.data() + written_, in_.data() + read_, count);
    read_ += count;
    written_ += count;
  }

  // A piece of what was written, which may overlap what it becomes, and the literals that follow it.
  void copy(size_t distance, size_t length, unsigned literals_after) {
    if (!good_ || distance > written_ || length > out_.size() - written_) {
      good_ = false;
      return;
    }
    for (const char* from = out_.data() + written_ - distance; length > 0; --length)
      out_[written_++] = *from++;
    literals(literals_after);
    state_ = literals_after;
  }

  // The first byte may be a run of literals shorter than an instruction can say.
  void first() {
    if (in_.empty() || static_cast<unsigned char>(in_[0]) <= 17) return;
    unsigned count = byte() - 17;
    literals(count);
    state_ = count < many ? count : many;
  }

  void instruction(unsigned code) {
    if (!good_) return;
    if (code < 16)
      near_or_literals(code);
    else if (code < 32)
      far(code);
    else if (code < 64)
      middle(code);
    else
      close(code);
  }

  void near_or_literals(unsigned code) {
    if (state_ == 0) {
      literals(code == 0 ? 18 + long_length() : 3 + code);
      state_ = many;
      return;
    }
    size_t distance = (code >> 2) + (size_t{byte()} << 2);
    bool after_many = state_ == many;
    copy(distance + (after_many ? 2049 : 1), after_many ? 3 : 2, code & 3);
  }

  void far(unsigned code) {
    size_t length = 2 + ((code & 7) != 0 ? code & 7 : 7 + long_length());
    unsigned low = byte(), high = byte();
    size_t distance = 16384 + (size_t{code & 8} << 11) + ((high << 8 | low) >> 2);
    if (distance == 16384)
      ended_ = true;
    else
      copy(distance, length, low & 3);
  }

  void middle(unsigned code) {
    size_t length = 2 + ((code & 31) != 0 ? code & 31 : 31 + long_length());
    unsigned low = byte(), high = byte();
    copy(((high << 8 | low) >> 2) + 1, length, low & 3);
  }

  void close(unsigned code) {
    size_t length = code < 128 ? 3 + (code >> 5 & 1) : 5 + (code >> 5 & 3);
    size_t distance = (size_t{byte()} << 3) + (code >> 2 & 7) + 1;
    copy(distance, length, code & 3);
  }

  std::span<const char> in_;
  std::span<char> out_;
  size_t read_ = 0, written_ = 0;
  unsigned state_ = 0;
  bool good_ = true, ended_ = false;
};

}  // namespace

std::optional<size_t> lzo_decompress(std::span<const char> in, std::span<char> out) {
  return LzoStream(in, out).run();
}

}  // namespace pyxis::squash
