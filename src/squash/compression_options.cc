#include "squash/compression_options.h"

#include <algorithm>
#include <array>
#include <bit>

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
constexpr std::array<std::string_view, 7> without_effect_with_value = {
    "-mem", "-mem-percent", "-read-queue", "-write-queue", "-fragment-queue", "-Xalgorithm", "-Xwindow-size"};

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

Result<unsigned> parse_block_size(std::string_view word, std::string_view value) {
  unsigned unit = value.ends_with('K') || value.ends_with('k')   ? 1 << 10
                  : value.ends_with('M') || value.ends_with('m') ? 1 << 20
                                                                 : 1;
  auto number = parse_number<unsigned>(unit == 1 ? value : value.substr(0, value.size() - 1));
  auto size = uint64_t{number.value_or(0)} * unit;
  if (size < min_block || size > max_block || !std::has_single_bit(size))
    return bad_value(word, value, "a block is a power of two from 4K to 1M");
  return static_cast<unsigned>(size);
}

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

// The level is checked when all is read: it may come before the algorithm it belongs to.
Result<void> check_level(CompressionOptions& options, std::optional<unsigned> level, bool lzo) {
  if (options.lz4_high && options.algorithm != Algorithm::lz4) return fail("'-Xhc' belongs to -comp lz4");
  if (!level || lzo) return ok();
  const auto* range = std::ranges::find(levels, options.algorithm, &LevelRange::algorithm);
  if (range == levels.end()) return fail("'-Xcompression-level' belongs to -comp gzip or zstd");
  if (*level < range->lowest || *level > range->highest)
    return bad_value("-Xcompression-level", std::to_string(*level),
                     "levels are " + std::to_string(range->lowest) + " to " + std::to_string(range->highest));
  options.level = level;
  return ok();
}

Result<CompressionOptions> parse(std::string_view text) {
  CompressionOptions options;
  std::optional<unsigned> level;
  Words words(text);
  for (auto word = words.next(); !word.empty(); word = words.next()) {
    if (const auto* flag = std::ranges::find(flags, word, &Flag::name); flag != flags.end())
      options.*flag->field = flag->value;
    else if (word == "-comp")
      TRY(set_algorithm(options, TRY(words.value_of(word))));
    else if (word == "-b")
      options.block_size = TRY(parse_block_size(word, TRY(words.value_of(word))));
    else if (word == "-Xcompression-level")
      level = TRY(parse_count(word, TRY(words.value_of(word))));
    else if (word == "-processors")
      options.processors = TRY(parse_count(word, TRY(words.value_of(word))));
    else if (std::ranges::find(without_effect_with_value, word) != without_effect_with_value.end())
      TRY(words.value_of(word));
    else if (std::ranges::find(without_effect, word) == without_effect.end())
      return fail("unknown word '" + printable(word) + "'",
                  "see 'Image files' in the user guide for those that are known");
  }
  TRY(check_level(options, level, !options.warnings.empty()));
  return options;
}

}  // namespace

Result<CompressionOptions> parse_compression_options(std::string_view text) {
  return TRY_CONTEXT(parse(text), "ENROOT_SQUASH_OPTIONS");
}

}  // namespace pyxis
