#include "storage/storage_arguments.h"

#include "base/text.h"

namespace pyxis {
namespace {

constexpr auto help_command = "pyxis-storage --help";

Error unknown(std::string_view word) {
  return fail("unknown argument '" + printable(word) + "'", help_command);
}

}  // namespace

Result<CollectArguments> parse_collect(std::span<char* const> words) {
  CollectArguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word == "--dry-run")
      arguments.dry_run = true;
    else if (word == "--quiet")
      arguments.quiet = true;
    else if (word == "--detach")
      arguments.detach = true;
    else if (word == "--limit" && i + 1 < words.size())
      TRY(parse_share_limit(arguments.limits, words[++i]));
    else if (word == "--max-age" && i + 1 < words.size()) {
      arguments.limits.max_days = parse_number<uint64_t>(words[++i]);
      if (!arguments.limits.max_days)
        return fail("--max-age: '" + printable(words[i]) + "' is no number of days");
    } else if (word == "--limit" || word == "--max-age")
      return fail(std::string(word) + " needs a value", help_command);
    else if (word.empty() || word.starts_with('-'))
      return unknown(word);
    else
      arguments.images.emplace_back(word);
  }
  return arguments;
}

Result<std::vector<std::string>> parse_images(std::span<char* const> words) {
  std::vector<std::string> images;
  for (std::string_view word : words) {
    if (word.empty() || word.starts_with('-')) return unknown(word);
    images.emplace_back(word);
  }
  if (images.empty()) return fail("no image is named", help_command);
  return images;
}

Result<void> refuse_arguments(std::span<char* const> words) {
  if (!words.empty()) return unknown(words.front());
  return ok();
}

}  // namespace pyxis
