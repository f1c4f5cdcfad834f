#include "base/text.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace pyxis {
namespace {

// The bytes of the character that `text` begins with; 0 for a control character, also one of U+0080 to
// U+009F, which terminals obey, and for what is no UTF-8 (RFC 3629).
size_t printable_length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  unsigned code = first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  unsigned least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0xa0;
  bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return first < 0xc0 || first > 0xf4 || code < least || code > 0x10ffff || surrogate ? 0 : length;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> fields;
  for (;;) {
    auto end = text.find(separator);
    fields.emplace_back(text.substr(0, end));
    if (end == text.npos) return fields;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  auto begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (&part != &parts.front()) out += separator;
    out += part;
  }
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::optional<std::string_view> leading_variable(std::string_view text) {
  constexpr auto name_characters = "0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (!text.starts_with("${")) return std::nullopt;
  auto end = text.find_first_not_of(name_characters, 2);
  if (end == text.npos || end == 2 || text[end] != '}') return std::nullopt;
  return text.substr(2, end - 2);
}

std::string counted(size_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string human_bytes(unsigned long long bytes) {
  constexpr std::array units = {"B", "kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> buffer;
  std::snprintf(buffer.data(), buffer.size(), unit == 0 || value >= 99.5 ? "%.0f %s" : "%.1f %s", value,
                units[unit]);
  return buffer.data();
}

std::string date_text(unsigned long long seconds) {
  auto time = static_cast<time_t>(seconds);
  std::tm parts{};
  ::localtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts);
  return text.data();
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t length = printable_length(text);
    if (length > 0) {
      out += text.substr(0, length);
    } else {
      std::array<char, 5> escape;
      std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned char>(text[0]));
      out += escape.data();
      length = 1;
    }
    text.remove_prefix(length);
  }
  return out;
}

std::optional<bool> parse_bool(std::string_view text) {
  auto word = to_lower(trim(text));
  for (auto yes : {"1", "true", "yes", "y", "t", "on"})
    if (word == yes) return true;
  for (auto no : {"0", "false", "no", "n", "f", "off"})
    if (word == no) return false;
  return std::nullopt;
}

}  // namespace pyxis
