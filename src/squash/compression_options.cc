#include "squash/compression_options.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "base/text.h"

namespace pyxis {
namespace {

using Algorithm = CompressionOptions::Algorithm;

constexpr unsigned min_block = 4 << 10, max_block = 1 << 20;  // of the format

struct Flag {
  std::string_view name;
  bool CompressionOptions::*field;
  bool value;
};
constexpr std::array flags = {
    Flag{"-noD", &CompressionOptions::data, false},
    Flag{"-noDataCompression", &CompressionOptions::data, false},
    Flag{"-noF", &CompressionOptions::fragments, false},
    Flag{"-noFragmentCompression", &CompressionOptions::fragments, false},
    Flag{"-noI", &CompressionOptions::inodes, false},
    Flag{"-noInodeCompression", &CompressionOptions::inodes, false},
    Flag{"-noX", &CompressionOptions::attributes, false},
    Flag{"-noXattrCompression", &CompressionOptions::attributes, false},
    Flag{"-no-fragments", &CompressionOptions::use_fragments, false},
    Flag{"-always-use-fragments", &CompressionOptions::tail_fragments, true},
    Flag{"-tailends", &CompressionOptions::tail_fragments, true},
    Flag{"-no-tailends", &CompressionOptions::tail_fragments, false},
    Flag{"-no-duplicates", &CompressionOptions::deduplicate, false},
    Flag{"-Xhc", &CompressionOptions::lz4_high, true},
};

constexpr std::array<std::string_view, 18> without_effect = {"-exit-on-error",
                                                             "-no-exit-on-error",
                                                             "-progress",
                                                             "-no-progress",
                                                             "-quiet",
                                                             "-info",
                                                             "-noappend",
                                                             "-no-recovery",
                                                             "-nopad",
                                                             "-no-exports",
                                                             "-xattrs",
                                                             "-all-root",
                                                             "-root-owned",
                                                             "-reproducible",
                                                             "-percentage",
                                                             "-noId",
                                                             "-noIdTableCompression",
                                                             "-no-sparse"};
constexpr std::array<std::string_view, 6> without_effect_with_value = {
    "-mem", "-mem-percent", "-read-queue", "-write-queue", "-fragment-queue", "-Xalgorithm"};

// Of which each block is packed with all, and the smallest result kept.
constexpr std::array<std::string_view, 6> known_filters = {"x86",     "arm",   "armthumb",
                                                           "powerpc", "sparc", "ia64"};
constexpr std::array<std::string_view, 5> known_strategies = {"default", "filtered", "huffman_only",
                                                              "run_length_encoded", "fixed"};
constexpr unsigned min_dictionary = 8 << 10, min_window = 8, max_window = 15;

struct LevelRange {
  Algorithm algorithm;
  unsigned lowest, highest;
};
constexpr std::array levels = {LevelRange{Algorithm::gzip, 1, 9}, LevelRange{Algorithm::zstd, 1, 22}};

// The words one after another, and the values that some of them take.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  std::string_view next() {
    rest_ = trim(rest_);
    auto end = std::min(rest_.find_first_of(" \t\n"), rest_.size());
    auto word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return word;
  }
  Result<std::string_view> value_of(std::string_view word) {
    auto value = next();
    if (value.empty()) return fail("'" + std::string(word) + "' lacks its value");
    return value;
  }

 private:
  std::string_view rest_;
};

Error bad_value(std::string_view word, std::string_view value, const std::string& wanted) {
  return fail("'" + std::string(word) + " " + printable(value) + "': " + wanted);
}

Result<unsigned> parse_count(std::string_view word, std::string_view value) {
  auto number = parse_number<unsigned>(value);
  if (!number || *number == 0) return bad_value(word, value, "not a number above 0");
  return *number;
}

// With K or M behind it, or without; 0 where it is none.
uint64_t parse_size(std::string_view value) {
  unsigned unit = value.ends_with('K') || value.ends_with('k')   ? 1 << 10
                  : value.ends_with('M') || value.ends_with('m') ? 1 << 20
                                                                 : 1;
  auto number = parse_number<unsigned>(unit == 1 ? value : value.substr(0, value.size() - 1));
  return uint64_t{number.value_or(0)} * unit;
}

Result<unsigned> parse_block_size(std::string_view word, std::string_view value) {
  auto size = parse_size(value);
  if (size < min_block || size > max_block || !std::has_single_bit(size))
    return bad_value(word, value, "a block is a power of two from 4K to 1M");
  return static_cast<unsigned>(size);
}

// As the header of xz can hold it: a power of two, or the sum of two that follow one another.
Result<unsigned> parse_dictionary(std::string_view word, std::string_view value, unsigned block_size) {
  uint64_t size = parse_size(value);
  if (value.ends_with('%')) {
    auto percent = parse_number<double>(value.substr(0, value.size() - 1)).value_or(0);
    size = percent > 0 && percent <= 100 ? static_cast<uint64_t>(block_size * percent / 100) : 0;
  }
  bool fits = std::has_single_bit(size) || (size % 3 == 0 && std::has_single_bit(size / 3));
  if (!fits || size < min_dictionary || size > block_size)
    return bad_value(word, value, "a dictionary is 2^n or 2^n+2^(n+1) bytes, from 8K to the size of a block");
  return static_cast<unsigned>(size);
}

Result<std::vector<std::string>> parse_names(std::string_view word, std::string_view value,
                                             std::span<const std::string_view> known) {
  auto names = split(value, ',');
  for (const auto& name : names)
    if (std::ranges::find(known, std::string_view(name)) == known.end()) {
      std::string wanted = "there are";
      for (auto one : known) wanted += " " + std::string(one);
      return bad_value(word, value, wanted);
    }
  return names;
}

// What belongs to one algorithm is checked when all is read: it may come before that.
struct ForAlgorithm {
  std::optional<unsigned> level, window;
  std::string dictionary;
  std::vector<std::string> filters, strategies;
};

Result<void> set_algorithm(CompressionOptions& options, std::string_view value) {
  options.level.reset();
  if (value == "zstd") options.level = CompressionOptions{}.level;
  if (value == "gzip" || value == "zstd" || value == "xz" || value == "lz4") {
    options.algorithm = value == "gzip"  ? Algorithm::gzip
                        : value == "xz"  ? Algorithm::xz
                        : value == "lz4" ? Algorithm::lz4
                                         : Algorithm::zstd;
    return ok();
  }
  if (value != "lzo") return bad_value("-comp", value, "use gzip, lz4, xz or zstd");
  options.algorithm = Algorithm::zstd;
  options.level = CompressionOptions{}.level;
  options.warnings.emplace_back("-comp lzo is not available for writing: image files are packed with zstd");
  return ok();
}

Result<void> set_level(CompressionOptions& options, unsigned level) {
  const auto* range = std::ranges::find(levels, options.algorithm, &LevelRange::algorithm);
  if (range == levels.end()) return fail("'-Xcompression-level' belongs to -comp gzip or zstd");
  if (level < range->lowest || level > range->highest)
    return bad_value("-Xcompression-level", std::to_string(level),
                     "levels are " + std::to_string(range->lowest) + " to " + std::to_string(range->highest));
  options.level = level;
  return ok();
}

Result<void> set_for_algorithm(CompressionOptions& options, const ForAlgorithm& given) {
  if (options.lz4_high && options.algorithm != Algorithm::lz4) return fail("'-Xhc' belongs to -comp lz4");
  if (options.algorithm != Algorithm::xz && !given.filters.empty())
    return fail("'-Xbcj' belongs to -comp xz");
  if (options.algorithm != Algorithm::xz && !given.dictionary.empty())
    return fail("'-Xdict-size' belongs to -comp xz");
  if (options.algorithm != Algorithm::gzip && !given.strategies.empty())
    return fail("'-Xstrategy' belongs to -comp gzip");
  if (options.algorithm != Algorithm::gzip && given.window)
    return fail("'-Xwindow-size' belongs to -comp gzip");
  options.filters = given.filters;
  options.strategies = given.strategies;
  options.window = given.window;
  if (!given.dictionary.empty())
    options.dictionary = TRY(parse_dictionary("-Xdict-size", given.dictionary, options.block_size));
  return given.level ? set_level(options, *given.level) : ok();
}

// The words of one algorithm; false where it is none of them.
Result<bool> take_for_algorithm(std::string_view word, Words& words, ForAlgorithm& given) {
  if (word == "-Xcompression-level") {
    given.level = TRY(parse_count(word, TRY(words.value_of(word))));
  } else if (word == "-Xwindow-size") {
    auto value = TRY(words.value_of(word));
    given.window = TRY(parse_count(word, value));
    if (*given.window < min_window || *given.window > max_window)
      return bad_value(word, value, "windows are 8 to 15");
  } else if (word == "-Xdict-size") {
    given.dictionary = TRY(words.value_of(word));
  } else if (word == "-Xbcj") {
    given.filters = TRY(parse_names(word, TRY(words.value_of(word)), known_filters));
  } else if (word == "-Xstrategy") {
    given.strategies = TRY(parse_names(word, TRY(words.value_of(word)), known_strategies));
  } else {
    return false;
  }
  return true;
}

Result<CompressionOptions> parse(std::string_view text) {
  CompressionOptions options;
  ForAlgorithm given;
  Words words(text);
  for (auto word = words.next(); !word.empty(); word = words.next()) {
    if (const auto* flag = std::ranges::find(flags, word, &Flag::name); flag != flags.end())
      options.*flag->field = flag->value;
    else if (word == "-comp")
      TRY(set_algorithm(options, TRY(words.value_of(word))));
    else if (word == "-b")
      options.block_size = TRY(parse_block_size(word, TRY(words.value_of(word))));
    else if (word == "-processors")
      options.processors = TRY(parse_count(word, TRY(words.value_of(word))));
    else if (std::ranges::find(without_effect_with_value, word) != without_effect_with_value.end())
      TRY(words.value_of(word));
    else if (std::ranges::find(without_effect, word) == without_effect.end() &&
             !TRY(take_for_algorithm(word, words, given)))
      return fail("unknown word '" + printable(word) + "'",
                  "see 'Image files' in the user guide for those that are known");
  }
  bool other_algorithm = !options.warnings.empty();  // than the one that they are of
  if (!other_algorithm) TRY(set_for_algorithm(options, given));
  return options;
}

}  // namespace

Result<CompressionOptions> parse_compression_options(std::string_view text) {
  return TRY_CONTEXT(parse(text), "ENROOT_SQUASH_OPTIONS");
}

}  // namespace pyxis
