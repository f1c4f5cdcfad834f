#include "doctor/slurm_version.h"

#include <array>
#include <cstdio>

#include "base/text.h"

namespace pyxis::doctor {

std::optional<SlurmVersion> SlurmVersion::parse(std::string_view printed) {
  printed = trim(printed.substr(0, printed.find('\n')));
  printed.remove_prefix(printed.rfind(' ') + 1);  // npos + 1 is 0
  std::array<unsigned, 3> numbers{};
  for (size_t i = 0; i < numbers.size(); ++i) {
    auto digits = std::min(printed.find_first_not_of("0123456789"), printed.size());
    auto number = parse_number<unsigned>(printed.substr(0, digits));
    if (!number) return std::nullopt;
    numbers[i] = *number;
    printed.remove_prefix(digits);
    bool more = i + 1 < numbers.size();
    if (more && !printed.starts_with('.')) return std::nullopt;
    if (more) printed.remove_prefix(1);
  }
  return SlurmVersion{numbers[0], numbers[1], numbers[2]};
}

SlurmVersion SlurmVersion::of_number(uint32_t number) {
  return {number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff};
}

std::string SlurmVersion::text() const {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%u.%02u.%u", major, minor, micro);
  return text.data();
}

}  // namespace pyxis::doctor
