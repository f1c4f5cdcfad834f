#include "layer/entry_path.h"

#include <climits>

namespace pyxis {
namespace {

Result<void> classify(EntryPath& path) {
  for (const auto& parent : path.parents) {
    if (parent.starts_with(aufs_prefix)) {
      path.kind = EntryPath::Kind::ignored;
      return ok();
    }
    if (parent.starts_with(whiteout_prefix)) return fail("lies below a whiteout");
  }
  if (!path.leaf.starts_with(whiteout_prefix)) return ok();
  if (path.leaf == opaque_marker) {
    path.kind = EntryPath::Kind::opaque;
  } else if (path.leaf.starts_with(aufs_prefix)) {
    path.kind = EntryPath::Kind::ignored;
  } else {
    path.kind = EntryPath::Kind::whiteout;
    path.leaf.erase(0, whiteout_prefix.size());
    if (path.leaf.empty() || path.leaf == "." || path.leaf == "..") return fail("is a whiteout of no name");
  }
  return ok();
}

}  // namespace

std::string EntryPath::text() const {
  std::string out;
  for (const auto& parent : parents) out += parent + "/";
  return out + (leaf.empty() ? "." : leaf);
}

Result<EntryPath> parse_entry_path(std::string_view name, unsigned depth) {
  EntryPath path;
  if (name.empty()) return fail("has no name");
  if (name.find('\0') != name.npos) return fail("has a zero byte in its name");
  while (!name.empty()) {
    auto end = std::min(name.find('/'), name.size());
    auto part = name.substr(0, end);
    name.remove_prefix(std::min(end + 1, name.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail("has \"..\" in its path");
    if (part.size() > NAME_MAX)
      return fail("has a component longer than " + std::to_string(NAME_MAX) + " bytes");
    if (path.parents.size() >= depth)
      return fail("lies deeper than " + std::to_string(depth) + " directories");
    path.parents.emplace_back(part);
  }
  if (path.parents.empty()) return path;
  path.leaf = std::move(path.parents.back());
  path.parents.pop_back();
  TRY(classify(path));
  return path;
}

}  // namespace pyxis
