#include "tar_builder.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

namespace pyxis::testing {
namespace {

constexpr size_t block = 512;

// POSIX.1-2017 pax, "ustar Interchange Format".
struct Field {
  size_t offset, size;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8},
    size_field{124, 12}, mtime_field{136, 12}, sum_field{148, 8}, type_field{156, 1}, link_field{157, 100},
    magic_field{257, 8};

using Header = std::array<char, block>;

void put(Header& header, Field field, const std::string& text) {
  std::memcpy(header.data() + field.offset, text.data(), std::min(text.size(), field.size));
}

// Octal, or GNU's base 256 where it does not fit.
void put_number(Header& header, Field field, long long value) {
  if (value >= 0 && value < (1LL << (3 * (field.size - 1)))) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%0*llo", static_cast<int>(field.size - 1), value);
    put(header, field, text.data());
    return;
  }
  for (size_t i = field.size; i-- > 0; value >>= 8)
    header[field.offset + i] = static_cast<char>(value & 0xff);
  header[field.offset] = static_cast<char>(value < 0 ? 0xff : 0x80);
}

// "LENGTH key=value\n", the length counting itself.
std::string pax_record(const std::string& key, const std::string& value) {
  size_t body = key.size() + value.size() + 3;
  size_t length = body + std::to_string(body).size();
  if (std::to_string(length).size() + body != length) length = body + std::to_string(length).size();
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

}  // namespace

TarBuilder& TarBuilder::raw(const std::string& bytes) {
  bytes_ += bytes;
  bytes_.resize((bytes_.size() + block - 1) / block * block, '\0');
  return *this;
}

void TarBuilder::header(const TarMember& member, uint64_t size) {
  Header header{};
  put(header, name_field, member.name);
  put_number(header, mode_field, member.mode);
  put_number(header, uid_field, 4242);
  put_number(header, gid_field, 4242);
  put_number(header, size_field, static_cast<long long>(size));
  put_number(header, mtime_field, member.mtime);
  header[type_field.offset] = member.type;
  put(header, link_field, member.link);
  put(header, magic_field,
      member.gnu_long ? std::string("ustar  \0", 8)
                      : std::string("ustar\0"
                                    "00",
                                    8));
  put(header, sum_field, std::string(8, ' '));
  unsigned sum = 0;
  for (char c : header) sum += static_cast<unsigned char>(c);
  put_number(header, {sum_field.offset, 7}, sum);
  bytes_.append(header.data(), header.size());
}

TarBuilder& TarBuilder::add(const TarMember& member) {
  if (member.gnu_long) {
    header({.name = "././@LongLink", .type = 'L', .gnu_long = true}, member.name.size() + 1);
    raw(member.name + '\0');
    if (!member.link.empty()) {
      header({.name = "././@LongLink", .type = 'K', .gnu_long = true}, member.link.size() + 1);
      raw(member.link + '\0');
    }
  }
  if (!member.pax.empty()) {
    std::string records;
    for (const auto& [key, value] : member.pax) records += pax_record(key, value);
    header({.name = "PaxHeaders/x", .type = 'x'}, records.size());
    raw(records);
  }
  header(member, member.content.size());
  return raw(member.content);
}

TarBuilder& TarBuilder::file(const std::string& name, const std::string& content, unsigned mode) {
  return add({.name = name, .content = content, .mode = mode});
}
TarBuilder& TarBuilder::dir(const std::string& name, unsigned mode) {
  return add({.name = name, .type = '5', .mode = mode});
}
TarBuilder& TarBuilder::symlink(const std::string& name, const std::string& target) {
  return add({.name = name, .type = '2', .link = target, .mode = 0777});
}
TarBuilder& TarBuilder::hard_link(const std::string& name, const std::string& target) {
  return add({.name = name, .type = '1', .link = target});
}

}  // namespace pyxis::testing
