// An archive entry's name, taken apart and checked before any file system sees it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis {

// Prefixes of OCI image-spec layer.md, "Whiteouts".
inline constexpr std::string_view whiteout_prefix = ".wh.";
inline constexpr std::string_view opaque_marker = ".wh..wh..opq";
inline constexpr std::string_view aufs_prefix = ".wh..wh.";

struct EntryPath {
  enum class Kind {
    ordinary,
    whiteout,  // `leaf` is the name to hide, without the prefix
    opaque,    // the directory `parents` hides what lies below
    ignored,   // aufs's own
  };
  std::vector<std::string> parents;
  std::string leaf;  // empty for the root itself
  Kind kind = Kind::ordinary;

  bool is_root() const { return leaf.empty() && parents.empty(); }
  // "a/b/c"; "." for the root.
  std::string text() const;
};

// Splits `name`, dropping empty components, "." and a leading "/". Errors: "..", a component over NAME_MAX,
// more than `depth` components, the prefix ".wh." on a parent or with nothing (or "." or "..") behind it, an
// empty name. Messages do not repeat the name: the caller adds it.
Result<EntryPath> parse_entry_path(std::string_view name, unsigned depth);

}  // namespace pyxis
