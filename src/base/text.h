// Small text helpers: splitting, trimming, numbers.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pyxis {

// The fields between separators; an empty text gives one empty field.
std::vector<std::string> split(std::string_view text, char separator);
// Without leading and trailing blanks, tabs and line ends.
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string to_lower(std::string_view text);

// The whole text as a decimal number, or nothing.
template <class Int>
std::optional<Int> parse_number(std::string_view text) {
  Int value{};
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// NAME, where the text begins with `${NAME}`.
std::optional<std::string_view> leading_variable(std::string_view text);

// "1 image", "2 images": for people.
std::string counted(size_t number, std::string_view noun);

// "1.5 GB": for people. Decimal units.
std::string human_bytes(unsigned long long bytes);

// "2026-01-31 12:00", in the local time zone, of seconds since 1970.
std::string date_text(unsigned long long seconds);

// The text with control characters, and bytes that are no UTF-8, shown as \xNN: safe to print whoever wrote
// it.
std::string printable(std::string_view text);

// The booleans of plugstack and enroot.conf: 1 true yes y on / 0 false no n f off.
std::optional<bool> parse_bool(std::string_view text);

}  // namespace pyxis
