// The caller's, root's and nobody's entries in the container's passwd and group files.
#pragma once

#include <string>

#include "base/result.h"

namespace pyxis {

// The user as the host's databases know him.
struct AccountEntry {
  unsigned uid = 0, gid = 0;
  std::string name, gecos, home, shell, group;
};

// Edits etc/passwd and etc/group below `root` (a directory descriptor; links in the image cannot lead out of
// it) and makes the home directory. Entries of the same name or id are replaced, `_apt` goes (its sandbox
// needs ids that the container does not have). Remapped to root, the caller is root and gets no entry of his
// own. Returns the caller's home directory inside.
Result<std::string> add_accounts(int root, const AccountEntry& user, bool remap_root);

// The caller's home directory inside, as add_accounts() returns it. Changes nothing.
Result<std::string> account_home(int root, const AccountEntry& user, bool remap_root);
// The same where add_accounts() is not called: that of the image's own entry for the user, if it has one.
Result<std::string> account_home_of_image(int root, const AccountEntry& user, bool remap_root);

}  // namespace pyxis
