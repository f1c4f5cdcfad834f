#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/root_directories.h"
#include "hooks/hook.h"

namespace pyxis {
namespace {

constexpr auto local_time = "/etc/localtime";
constexpr size_t largest = 1 << 20;

// The zone's name, by which the node's file is a link into a database of zones; else empty (localtime(5)).
std::string zone_of_node() {
  constexpr std::string_view database = "/zoneinfo/";
  auto target = read_link(local_time);
  if (!target.ok()) return "";
  auto found = target->find(database);
  return found == target->npos ? "" : target->substr(found + database.size());
}

std::string content_of(int rootfs, const std::string& path) {
  auto file = open_in_root(rootfs, path, O_RDONLY | O_NONBLOCK);
  auto content = file.ok() ? read_fd(file->get(), largest) : Result<std::string>(std::move(file).error());
  return content.ok() ? std::move(*content) : "";
}

Result<void> replace_by_link(int directory, const std::string& target) {
  auto temporary = "localtime.tmp-" + std::to_string(::getpid());
  ::unlinkat(directory, temporary.c_str(), 0);
  if (::symlinkat(target.c_str(), directory, temporary.c_str()) != 0 ||
      ::renameat(directory, temporary.c_str(), directory, "localtime") != 0)
    return sys_error("link /etc/localtime to " + target);
  return ok();
}

}  // namespace

// A mount would not do: in most images the file is a link, and it would cover the zone that is named there.
Result<void> set_local_time(HookContext& context) {
  auto wanted = read_file(local_time, largest);
  if (!wanted.ok() || wanted->empty() || content_of(context.rootfs, local_time) == *wanted) return ok();
  TRY(make_directories_in_root(context.rootfs, "/etc", 0755));
  auto etc = TRY(open_in_root(context.rootfs, "etc", O_PATH | O_DIRECTORY));
  auto zone = "/usr/share/zoneinfo/" + zone_of_node();
  if (content_of(context.rootfs, zone) == *wanted) return replace_by_link(etc.get(), zone);
  return write_file(etc.get(), "localtime", *wanted);
}

}  // namespace pyxis
