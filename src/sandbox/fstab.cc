#include "sandbox/fstab.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "sandbox/mountinfo.h"

namespace pyxis {
namespace {

const std::vector<std::string> default_options = {"x-create=auto", "rbind"};

// One pass over a field as written: `\ooo` and `${NAME}` become text, and that text is final.
std::string expand(std::string_view raw, const Environment& environment) {
  std::string out;
  for (size_t i = 0; i < raw.size();) {
    if (auto byte = octal_escape(raw.substr(i))) {
      out += *byte;
      i += 4;
    } else if (auto variable = leading_variable(raw.substr(i))) {
      out += environment.get(*variable).value_or("");
      i += variable->size() + std::string_view("${}").size();
    } else {
      out += raw[i++];
    }
  }
  return out;
}

std::vector<std::string> split_options(std::string_view text) {
  std::vector<std::string> options;
  std::string option;
  bool quoted = false;
  auto finish = [&] {
    if (!option.empty()) options.push_back(std::move(option));
    option.clear();
  };
  for (char c : text) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      finish();
    else
      option += c;
  }
  finish();
  return options;
}

std::vector<std::string> blank_separated(std::string_view line) {
  std::vector<std::string> fields;
  std::string field;
  for (char c : line) {
    if (c != ' ' && c != '\t')
      field += c;
    else if (!field.empty())
      fields.push_back(std::exchange(field, {}));
  }
  if (!field.empty()) fields.push_back(std::move(field));
  return fields;
}

// Fields in the order of fstab(5), already expanded.
Result<MountEntry> entry_from(const std::vector<std::string>& fields) {
  MountEntry entry;
  entry.source = fields[0];
  entry.target = fields.size() > 1 ? fields[1] : fields[0];
  if (fields.size() > 2 && !fields[2].empty()) entry.type = fields[2];
  entry.options = fields.size() > 3 ? split_options(fields[3]) : std::vector<std::string>();
  if (fields.size() <= 3 && entry.type == "none") entry.options = default_options;
  if (fields.size() > 5) {
    auto number = parse_number<int>(fields[5]);
    if (!number) return fail("the sixth field is no number: " + printable(fields[5]));
    entry.passno = *number;
  }
  if (fields.size() > 6) return fail("more than six fields (a blank in a path is written \\040)");
  return entry;
}

// True if the entry is to be dropped, an error if it has no source or no target and may not.
Result<bool> incomplete(const MountEntry& entry) {
  if (!entry.source.empty() && !entry.target.empty()) return false;
  if (entry.has_option("nofail")) return true;
  return fail(entry.source.empty() ? "the source is empty" : "the target is empty");
}

std::vector<std::string> colon_separated(std::string_view text) {
  std::vector<std::string> fields(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ':')
      fields.back() += text[++i];
    else if (text[i] == ':')
      fields.emplace_back();
    else
      fields.back() += text[i];
  }
  return fields;
}

}  // namespace

bool MountEntry::operator==(const MountEntry& other) const {
  auto fields = [](const MountEntry& entry) {
    return std::tie(entry.source, entry.target, entry.type, entry.options, entry.passno);
  };
  return fields(*this) == fields(other);
}

bool MountEntry::has_option(std::string_view name) const {
  return std::find(options.begin(), options.end(), name) != options.end();
}

Result<std::vector<MountEntry>> parse_fstab(std::string_view text, const Environment& environment,
                                            std::string_view origin) {
  std::vector<MountEntry> entries;
  int number = 0;
  for (const auto& line : split(text, '\n')) {
    auto where = std::string(origin) + ":" + std::to_string(++number);
    auto content = trim(line);
    if (content.empty() || content.front() == '#') continue;
    auto fields = blank_separated(content);
    for (auto& field : fields) field = expand(field, environment);
    auto entry = TRY_CONTEXT(entry_from(fields), where);
    if (TRY_CONTEXT(incomplete(entry), where)) continue;
    entry.origin = std::move(where);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<MountEntry> parse_mount_argument(std::string_view argument, const Environment& environment) {
  auto fields = colon_separated(argument);
  for (auto& field : fields) field = expand(field, environment);
  auto what = "mount " + printable(argument);
  auto entry = TRY_CONTEXT(entry_from(fields), what);
  if (TRY_CONTEXT(incomplete(entry), what)) return fail(what + ": source or target is empty");
  return entry;
}

MountEntry from_mount_request(const std::string& source, const std::string& target, std::string_view flags) {
  MountEntry entry{source, target, "none", split_options(flags), 0, {}};
  if (source == "umount") {
    entry.options = {"x-detach"};
    return entry;
  }
  auto starts = [&](std::string_view prefix) {
    return std::any_of(entry.options.begin(), entry.options.end(),
                       [&](auto& option) { return option.starts_with(prefix); });
  };
  bool acts = entry.has_option("bind") || entry.has_option("rbind") || entry.has_option("remount") ||
              starts("x-move") || entry.has_option("move") || entry.has_option("x-detach");
  std::vector<std::string> leading;
  if (!starts("x-create")) leading.push_back(source == "tmpfs" ? "x-create=dir" : "x-create=auto");
  if (source == "tmpfs")
    entry.type = "tmpfs";
  else if (!acts)
    leading.push_back("rbind");
  entry.options.insert(entry.options.begin(), leading.begin(), leading.end());
  return entry;
}

}  // namespace pyxis
