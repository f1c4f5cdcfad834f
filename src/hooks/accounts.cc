#include "hooks/accounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <vector>

#include "base/fs.h"
#include "base/root_directories.h"
#include "base/text.h"

namespace pyxis {
namespace {

using Lines = std::vector<std::vector<std::string>>;  // fields of each line

Result<Lines> read_table(int root, const std::string& path) {
  Lines lines;
  auto file = open_in_root(root, path, O_RDONLY | O_NONBLOCK);  // an image may hold a FIFO of that name
  if (!file.ok())
    return file.error().code == ENOENT ? Result<Lines>(lines) : Result<Lines>(std::move(file).error());
  struct stat info;
  if (::fstat(file->get(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail(path + " of the image is not a regular file");
  for (const auto& line : split(TRY_CONTEXT(read_fd(file->get(), 16 << 20), path), '\n'))
    if (!line.empty()) lines.push_back(split(line, ':'));
  return lines;
}

std::string render(const Lines& lines) {
  std::string text;
  for (const auto& fields : lines) text += join(fields, ":") + "\n";
  return text;
}

void drop(Lines& lines, const std::string& name, const std::string& id) {
  std::erase_if(
      lines, [&](const auto& fields) { return fields[0] == name || (fields.size() > 2 && fields[2] == id); });
}

bool has_name(const Lines& lines, const std::string& name) {
  for (const auto& fields : lines)
    if (fields[0] == name) return true;
  return false;
}

Result<void> write_table(int root, const std::string& path, const Lines& before, const Lines& after) {
  if (before == after) return ok();  // a second start copies nothing up
  auto file = TRY_CONTEXT(open_in_root(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0644), "write");
  return TRY_CONTEXT(write_all(file.get(), render(after)), path), ok();
}

bool exists(int root, const std::string& path) {
  return open_in_root(root, path, O_PATH).ok();
}

std::string field(const Lines& lines, const std::string& name, size_t index, const std::string& otherwise) {
  for (const auto& fields : lines)
    if (fields[0] == name && fields.size() > index && !fields[index].empty()) return fields[index];
  return otherwise;
}

// A field of passwd cannot hold a ':' or a line end.
std::string clean(std::string text) {
  for (char& c : text)
    if (c == ':' || c == '\n') c = ' ';
  return text;
}

}  // namespace

Result<std::string> account_home(int root, const AccountEntry& user, bool remap_root) {
  if (!remap_root && user.uid != 0) return user.home;
  return field(TRY(read_table(root, "etc/passwd")), "root", 5, "/root");
}

Result<std::string> account_home_of_image(int root, const AccountEntry& user, bool remap_root) {
  if (remap_root) return account_home(root, user, remap_root);
  auto uid = std::to_string(user.uid);
  for (const auto& fields : TRY(read_table(root, "etc/passwd")))
    if (fields.size() > 5 && fields[2] == uid && !fields[5].empty()) return fields[5];
  return user.home;
}

Result<std::string> add_accounts(int root, const AccountEntry& user, bool remap_root) {
  TRY(make_directories_in_root(root, "/etc", 0755));
  const auto passwd_before = TRY(read_table(root, "etc/passwd"));
  const auto group_before = TRY(read_table(root, "etc/group"));
  auto passwd = passwd_before;
  auto group = group_before;
  drop(passwd, "_apt", "-");
  if (!has_name(passwd, "root"))
    passwd.insert(passwd.begin(), {"root", "x", "0", "0", "root", "/root", "/bin/sh"});
  if (!has_name(passwd, "nobody"))
    passwd.push_back({"nobody", "x", "65534", "65534", "nobody", "/", "/usr/sbin/nologin"});
  if (!has_name(group, "root")) group.insert(group.begin(), {"root", "x", "0", ""});
  if (!has_name(group, "nogroup") && !has_name(group, "nobody"))
    group.push_back({"nogroup", "x", "65534", ""});
  auto home = TRY(account_home(root, user, remap_root));
  if (!remap_root && user.uid != 0) {
    auto uid = std::to_string(user.uid), gid = std::to_string(user.gid);
    auto shell = !user.shell.empty() && exists(root, user.shell) ? user.shell : "/bin/sh";
    drop(passwd, user.name, uid);
    passwd.push_back({user.name, "x", uid, gid, clean(user.gecos), clean(user.home), shell});
    if (user.gid != 0) {
      drop(group, user.group, gid);
      group.push_back({user.group, "x", gid, ""});
    }
  }
  TRY(write_table(root, "etc/passwd", passwd_before, passwd));
  TRY(write_table(root, "etc/group", group_before, group));
  if (home.starts_with('/')) TRY(make_directories_in_root(root, home, 0755));
  return home;
}

}  // namespace pyxis
