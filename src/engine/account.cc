#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <vector>

#include "engine/settings.h"

namespace pyxis {

Account current_account(const Environment& environment) {
  Account account;
  account.uid = ::getuid();
  account.gid = ::getgid();
  std::vector<char> buffer(64 << 10);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(account.uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found) {
    account.name = entry.pw_name;
    account.home = entry.pw_dir;
    account.shell = entry.pw_shell;
    account.gecos = entry.pw_gecos ? entry.pw_gecos : "";
  } else {
    account.name = environment.get_or("USER", std::to_string(account.uid));
    account.home = environment.get_or("HOME", "/");
  }
  group group_entry{};
  group* group_found = nullptr;
  if (::getgrgid_r(account.gid, &group_entry, buffer.data(), buffer.size(), &group_found) == 0 && group_found)
    account.group = group_entry.gr_name;
  else
    account.group = std::to_string(account.gid);
  if (auto home = environment.get("HOME"); home && !home->empty()) account.home = *home;
  return account;
}

}  // namespace pyxis
