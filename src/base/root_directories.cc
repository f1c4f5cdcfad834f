#include "base/root_directories.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {
namespace {

Result<void> make_directories(int root, const std::string& path, unsigned mode, int links_left);

// What cannot be opened but is there: a link to nothing yet. Images for ostree have /home -> var/home.
Result<void> make_link_target(int root, int parent, const std::string& parent_path, const std::string& name,
                              unsigned mode, int links_left) {
  auto link = read_link(parent, name);
  if (!link.ok()) return ok();  // no link: somebody made the directory meanwhile
  if (links_left == 0) return sys_error("create directory " + printable(name) + " in the container", ELOOP);
  return make_directories(root, link->starts_with('/') ? *link : parent_path + "/" + *link, mode,
                          links_left - 1);
}

Result<void> make_directories(int root, const std::string& path, unsigned mode, int links_left) {
  for (size_t slash = path.find_first_not_of('/'); slash < path.size();) {
    slash = path.find('/', slash);
    auto part = path.substr(0, slash);
    if (slash != path.npos) ++slash;
    if (open_in_root(root, part, O_PATH).ok()) continue;
    auto cut = part.find_last_of('/');
    auto parent_path = cut == part.npos || cut == 0 ? "." : part.substr(0, cut);
    auto name = part.substr(cut == part.npos ? 0 : cut + 1);
    auto parent = TRY_CONTEXT(open_in_root(root, parent_path, O_PATH | O_DIRECTORY), "create " + part);
    if (::mkdirat(parent.get(), name.c_str(), mode) == 0) continue;
    if (errno != EEXIST) return sys_error("create directory " + printable(part) + " in the container");
    TRY(make_link_target(root, parent.get(), parent_path, name, mode, links_left));
  }
  return ok();
}

}  // namespace

Result<void> make_directories_in_root(int root, const std::string& path, unsigned mode) {
  constexpr int most_links = 40;  // as the kernel follows
  return make_directories(root, path, mode, most_links);
}

}  // namespace pyxis
