#include "sandbox/mountinfo.h"

#include <set>

#include "base/fs.h"
#include "base/text.h"
#include "sandbox/kernel_calls.h"

namespace pyxis {
namespace {

uint64_t parse_attributes(std::string_view options) {
  static const std::pair<std::string_view, uint64_t> words[] = {
      {"ro", kernel::attr_rdonly},
      {"nosuid", kernel::attr_nosuid},
      {"nodev", kernel::attr_nodev},
      {"noexec", kernel::attr_noexec},
      {"noatime", kernel::attr_noatime},
      {"nodiratime", kernel::attr_nodiratime},
      {"nosymfollow", kernel::attr_nosymfollow},
  };
  uint64_t attributes = 0;
  bool atime_named = false;
  for (const auto& option : split(options, ',')) {
    atime_named |= option == "relatime" || option == "noatime";
    for (const auto& [word, bit] : words)
      if (option == word) attributes |= bit;
  }
  return atime_named ? attributes
                     : attributes | kernel::attr_strictatime;  // strictatime is shown as no word at all
}

}  // namespace

std::optional<char> octal_escape(std::string_view text) {
  auto digit = [&](size_t at, char highest) { return text[at] >= '0' && text[at] <= highest; };
  if (text.size() < 4 || text[0] != '\\' || !digit(1, '3') || !digit(2, '7') || !digit(3, '7'))
    return std::nullopt;
  return static_cast<char>((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
}

std::string unescape_octal(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    auto byte = octal_escape(text.substr(i));
    out += byte ? *byte : text[i];
    i += byte ? 4 : 1;
  }
  return out;
}

std::vector<MountRecord> parse_mountinfo(std::string_view text) {
  std::vector<MountRecord> records;
  for (const auto& line : split(text, '\n')) {
    auto fields = split(line, ' ');
    if (fields.size() < 10) continue;
    MountRecord record;
    record.id = parse_number<int>(fields[0]).value_or(0);
    record.parent = parse_number<int>(fields[1]).value_or(0);
    record.mount_point = unescape_octal(fields[4]);
    record.attributes = parse_attributes(fields[5]);
    for (size_t i = 6; i + 1 < fields.size(); ++i)
      if (fields[i] == "-") {
        record.type = fields[i + 1];
        record.options = fields.back();
        break;
      }
    records.push_back(std::move(record));
  }
  return records;
}

Result<std::vector<MountRecord>> read_mountinfo() {
  return parse_mountinfo(TRY(read_file("/proc/self/mountinfo")));
}

std::vector<MountRecord> mounts_below(const std::vector<MountRecord>& all, int id) {
  std::vector<MountRecord> found;
  std::vector<int> open = {id};
  std::set<int> seen = {id};
  for (const auto& record : all)
    if (record.id == id) found.push_back(record);
  while (!open.empty()) {
    int parent = open.back();
    open.pop_back();
    for (const auto& record : all)
      if (record.parent == parent && seen.insert(record.id).second) {
        found.push_back(record);
        open.push_back(record.id);
      }
  }
  return found;
}

Result<int> mount_id_of(int fd) {
  auto text = TRY(read_file("/proc/self/fdinfo/" + std::to_string(fd)));  // "mnt_id:" since Linux 3.15
  constexpr std::string_view key = "mnt_id:";
  auto found = text.find(key);
  if (found == text.npos) return fail("no mount id in /proc/self/fdinfo");
  auto line = std::string_view(text).substr(found + key.size());
  return parse_number<int>(trim(line.substr(0, line.find('\n')))).value_or(-1);
}

Result<std::string> filesystem_type_of(int fd) {
  int id = TRY(mount_id_of(fd));
  for (auto& record : TRY(read_mountinfo()))
    if (record.id == id) return std::move(record.type);
  return fail("mount " + std::to_string(id) + " is not in /proc/self/mountinfo");
}

}  // namespace pyxis
