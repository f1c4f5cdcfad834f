// A bundle: a program with an image file in it, as `pyxis bundle` makes it.
//
//   the program, an ELF file | an image file (squashfs) at a multiple of 4 KiB | what engine/bundle.h tells
//   of it | this trailer: the last bytes of the file, numbers little-endian
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pyxis {

struct BundleTrailer {
  uint64_t image_offset = 0, image_bytes = 0, facts_offset = 0, facts_bytes = 0;

  static constexpr std::string_view magic = "PYXISBN1", program_magic = "\177ELF";
  static constexpr size_t bytes = 8 + 4 * 8, alignment = 4096;

  std::string encode() const {
    std::string out(magic);
    for (auto number : {image_offset, image_bytes, facts_offset, facts_bytes})
      for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xff);
    return out;
  }
  // From the last bytes of a file of `file_bytes`; nothing where it is no bundle, or one that contradicts
  // itself.
  static std::optional<BundleTrailer> decode(std::string_view last, uint64_t file_bytes) {
    if (last.size() != bytes || !last.starts_with(magic)) return std::nullopt;
    auto number = [&](size_t index) {
      uint64_t value = 0;
      for (size_t i = 0; i < 8; ++i)
        value |= uint64_t{static_cast<unsigned char>(last[magic.size() + 8 * index + i])} << 8 * i;
      return value;
    };
    BundleTrailer trailer{number(0), number(1), number(2), number(3)};
    auto within = [&](uint64_t offset, uint64_t length) {
      return offset <= file_bytes && length <= file_bytes - offset;
    };
    bool good = within(trailer.image_offset, trailer.image_bytes) &&
                within(trailer.facts_offset, trailer.facts_bytes);
    return good ? std::optional(trailer) : std::nullopt;
  }
};

}  // namespace pyxis
