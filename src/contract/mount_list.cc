#include "contract/mount_list.h"

#include <algorithm>

#include "base/text.h"

namespace pyxis {
namespace {

bool is_path(const std::string& text) {
  return !text.empty() && (text.front() == '/' || text.front() == '.');
}

Result<std::string> options_of(const std::string& source, const std::vector<std::string>& flags) {
  for (const auto& flag : flags)
    if (flag.empty()) return fail("empty flag");
  bool plain = std::find(flags.begin(), flags.end(), "bind") != flags.end();
  std::string options = source == "tmpfs"    ? "x-create=dir"
                        : source == "umount" ? "x-detach"
                        : plain              ? "x-create=auto"
                                             : "x-create=auto,rbind";
  return flags.empty() ? options : options + "," + pyxis::join(flags, ",");
}

Result<MountRequest> parse_entry(const std::string& entry) {
  auto fields = split(entry, ':');
  if (fields.size() > 3) return fail("too many ':' (SRC:DST[:FLAGS] is wanted)");
  MountRequest mount;
  mount.source = fields[0];
  bool named_kind = mount.source == "tmpfs" || mount.source == "umount";
  if (!named_kind && !is_path(mount.source))
    return fail("the source must begin with '/' or '.', or be tmpfs or umount");
  if (fields.size() == 1 && named_kind) return fail("no destination (SRC:DST[:FLAGS] is wanted)");
  mount.target = fields.size() == 1 ? fields[0] : fields[1];
  if (!is_path(mount.target)) return fail("the destination must begin with '/' or '.'");
  mount.flags =
      TRY(options_of(mount.source, fields.size() == 3 ? split(fields[2], '+') : std::vector<std::string>()));
  return mount;
}

}  // namespace

Result<std::vector<MountRequest>> parse_mount_list(std::string_view text) {
  std::vector<MountRequest> mounts;
  for (const auto& entry : split(text, ',')) {
    auto mount = parse_entry(entry);
    bool maybe_flag = !mounts.empty() && entry.find_first_of("/:.") == entry.npos;
    if (!mount.ok() && maybe_flag) mount.error().remedy = "join flags with '+', as in SRC:DST:ro+rprivate";
    if (!mount.ok()) return std::move(mount).error().context("invalid format: \"" + printable(entry) + "\"");
    mounts.push_back(std::move(mount).value());
  }
  return mounts;
}

}  // namespace pyxis
