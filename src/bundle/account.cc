// In place of engine/account.cc: a program that is linked statically and runs anywhere must not ask the name
// service, whose parts belong to the C library of the machine it is on.
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "engine/settings.h"

namespace pyxis {
namespace {

struct Close {
  void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, Close>;

void look_up_user(Account& account) {
  File file(std::fopen("/etc/passwd", "re"));
  std::vector<char> buffer(64 << 10);
  passwd entry{};
  passwd* found = nullptr;
  while (file && ::fgetpwent_r(file.get(), &entry, buffer.data(), buffer.size(), &found) == 0) {
    if (entry.pw_uid != account.uid) continue;
    account.name = entry.pw_name;
    account.home = entry.pw_dir;
    account.shell = entry.pw_shell;
    account.gecos = entry.pw_gecos ? entry.pw_gecos : "";
    return;
  }
}

void look_up_group(Account& account) {
  File file(std::fopen("/etc/group", "re"));
  std::vector<char> buffer(64 << 10);
  group entry{};
  group* found = nullptr;
  while (file && ::fgetgrent_r(file.get(), &entry, buffer.data(), buffer.size(), &found) == 0)
    if (entry.gr_gid == account.gid) {
      account.group = entry.gr_name;
      return;
    }
}

}  // namespace

Account current_account(const Environment& environment) {
  Account account;
  account.uid = ::getuid();
  account.gid = ::getgid();
  account.name = environment.get_or("USER", std::to_string(account.uid));
  account.group = std::to_string(account.gid);
  account.home = "/";
  look_up_user(account);
  look_up_group(account);
  account.home = environment.get_or("HOME", account.home);
  return account;
}

}  // namespace pyxis
