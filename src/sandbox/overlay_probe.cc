#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "sandbox/child_report.h"
#include "sandbox/rootfs.h"
#include "sandbox/userns.h"

namespace pyxis {
namespace {

Result<void> check(int status, const char* step) {
  if (status != 0) return sys_error(step);
  return ok();
}

Result<void> make_file(int dir, const std::string& path, std::string_view text) {
  auto file = TRY(open_at(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  return write_all(file.get(), text);
}

Result<void> lay_out(int dir) {
  for (auto name : {"lower", "lower/directory", "lower/gone", "upper", "work", "merged"})
    TRY(check(::mkdirat(dir, name, 0755), name));
  for (auto name : {"lower/file", "lower/directory/below", "lower/renamed", "lower/changed"})
    TRY(make_file(dir, name, "lower"));
  return ok();
}

// What package managers do to a root.
Result<void> exercise(int root) {
  TRY_CONTEXT(make_file(root, "new", "x"), "create a file");
  TRY_CONTEXT(make_file(root, "changed", "x"), "change a file of a layer");
  TRY(check(::unlinkat(root, "file", 0), "remove a file of a layer"));
  TRY(check(::renameat(root, "renamed", root, "elsewhere"), "rename a file of a layer"));
  TRY(check(::unlinkat(root, "directory/below", 0), "remove a file of a layer"));
  TRY(check(::unlinkat(root, "directory", AT_REMOVEDIR), "remove a directory of a layer"));
  TRY(check(::mkdirat(root, "directory", 0755),
            "replace a directory of a layer (extended attributes user.overlay.*)"));
  if (::faccessat(root, "directory/below", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return fail("replace a directory of a layer: its old files shine through");
  TRY(check(::fchmodat(root, "gone", 0700, 0), "change the mode of a directory of a layer"));
  return ok();
}

Result<ChildAnswer> probe_in_child(const std::string& path, const IdMap& map) {
  TRY(write_own_id_map(map));
  OverlayRoot spec;
  spec.lower.push_back({path + "/lower", {}});
  spec.upper = path + "/upper";
  spec.work = path + "/work";
  spec.passing = true;
  ChildAnswer answer;
  auto root = mount_root(RootSpec(std::move(spec)), path + "/merged");
  if (root.ok()) {
    auto works = exercise(root->get());
    if (!works.ok()) answer.body = works.error().text();
  } else {
    answer.body = root.error().text();
  }
  return answer;
}

Result<OverlaySupport> probe_at(int probe) {
  TRY_CONTEXT(lay_out(probe), "try an overlay");
  auto map = own_id_map(false);
  // Opened again by the child: a mount of the parent's namespace would not be taken as a layer.
  auto where = TRY(read_link(fd_path(probe)));
  auto child = TRY(
      start_namespace_child({Namespace::user, Namespace::mount}, [&] { return probe_in_child(where, map); }));
  auto answer = TRY(child.answer());
  TRY(child.process.wait());
  return OverlaySupport{answer.body.empty(), std::move(answer.body)};
}

}  // namespace

Result<OverlaySupport> probe_overlay(int directory) {
  auto name = ".overlay-probe-" + std::to_string(::getpid());
  TRY_CONTEXT(remove_tree(directory, name), "try an overlay");
  auto probe = TRY_CONTEXT(make_directory_at(directory, name, 0700), "try an overlay");
  auto support = probe_at(probe.get());
  auto removed = remove_tree(directory, name);
  if (support.ok() && !removed.ok()) return std::move(removed).error().context("after trying an overlay");
  return support;
}

}  // namespace pyxis
