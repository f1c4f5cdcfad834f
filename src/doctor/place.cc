#include "doctor/place.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/fs.h"
#include "base/text.h"
#include "sandbox/mountinfo.h"
#include "sandbox/rootfs.h"

namespace pyxis::doctor {
namespace {

// The directory, or the nearest one above it that there is.
struct Ground {
  Fd directory;  // O_PATH: a store's parent may be one that users cannot read
  std::string path;
  struct stat info {};
  bool itself = false;
};

Result<Ground> find_ground(const std::string& path) {
  Ground ground;
  ground.path = path;
  while (ground.path.size() > 1 && ground.path.back() == '/') ground.path.pop_back();
  for (ground.itself = true;; ground.itself = false) {
    auto opened = open_path(ground.path, O_PATH | O_DIRECTORY);
    if (opened.ok()) {
      ground.directory = std::move(*opened);
      if (::fstat(ground.directory.get(), &ground.info) != 0) return sys_error(ground.path);
      return ground;
    }
    auto slash = ground.path.rfind('/');
    if (opened.error().code != ENOENT || slash == std::string::npos || ground.path == "/")
      return std::move(opened).error();
    ground.path.resize(std::max<size_t>(slash, 1));
  }
}

// A directory of this process's own, which goes with it.
class TryDirectory {
 public:
  static Result<TryDirectory> make(const Ground& ground) {
    uint64_t random = 0;
    (void)!::getrandom(&random, sizeof random, 0);
    TryDirectory made;
    made.parent_ = ground.directory.get();
    made.name_ = ".pyxis-doctor-" + std::to_string(::getpid()) + "-" + std::to_string(random);
    if (::mkdirat(made.parent_, made.name_.c_str(), 0700) != 0) {
      auto code = errno;
      made.name_.clear();
      return sys_error("make a directory in " + ground.path, code);
    }
    made.fd_ = TRY(open_at(made.parent_, made.name_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(check_owner(made.fd_.get(), made.name_, ""));
    return made;
  }
  TryDirectory(TryDirectory&& other) noexcept
      : parent_(other.parent_), name_(std::exchange(other.name_, "")), fd_(std::move(other.fd_)) {}
  TryDirectory& operator=(TryDirectory&&) = delete;
  ~TryDirectory() {
    if (!name_.empty()) (void)remove_tree(parent_, name_);
  }
  int fd() const { return fd_.get(); }

 private:
  TryDirectory() = default;
  int parent_ = -1;
  std::string name_;
  Fd fd_;
};

std::string file_system_of(int fd) {
  auto type = filesystem_type_of(fd);
  return type.ok() ? *type : "its file system";
}

// Users could have laid a link where root is about to write.
std::optional<std::string> not_for_root(const Ground& ground) {
  if (ground.info.st_uid != 0)
    return ground.path + " belongs to uid " + std::to_string(ground.info.st_uid) +
           ": root writes nothing there";
  if ((ground.info.st_mode & 022) != 0 && (ground.info.st_mode & S_ISVTX) == 0)
    return ground.path + " can be written by others: root writes nothing there";
  if (auto real = read_link(fd_path(ground.directory.get())); real.ok() && *real == ground.path)
    return std::nullopt;
  // A link is on the way: whose it is chooses what is there, which may be root's own.
  for (auto end = ground.path.find('/', 1);; end = ground.path.find('/', end + 1)) {
    auto part = ground.path.substr(0, end);
    struct stat info;
    if (::lstat(part.c_str(), &info) != 0) return sys_error(part).message;
    if (info.st_uid != 0)
      return part + " belongs to uid " + std::to_string(info.st_uid) + ": root does not go where it leads";
    if (end == part.npos) return std::nullopt;
  }
}

// Whoever can write to the directory above can take the user's away.
std::optional<Finding> check_above(const Context& context, const Place& place) {
  auto above = place.path.substr(0, std::max<size_t>(place.path.rfind('/') + 1, 1));
  struct stat info {};
  if (!place.own || ::stat(above.c_str(), &info) != 0) return std::nullopt;
  if ((info.st_mode & S_IWOTH) == 0 || (info.st_mode & S_ISVTX) != 0) return std::nullopt;
  above.resize(std::max<size_t>(above.size() - 1, 1));
  // Root is not told to change what a link leads to, which may be a user's.
  if (context.is_root() && plain_path(above) != above) return std::nullopt;
  return Finding{place.check, Verdict::warn,
                 above + " can be written by all users, who can take away what is in it",
                 "run: chmod +t " + above, ""};
}

std::string remedy_of_refusal(const Place& place, const Ground& ground, int code, uid_t uid) {
  if (code == ENOSPC || code == EDQUOT) return place.cleaning;
  if (code == EROFS) return "run: mount -o remount,rw \"$(findmnt -no TARGET -T " + ground.path + ")\"";
  auto make = "run: install -d -m 0700 -o " + std::to_string(uid) + " " + place.path;
  return place.setting.empty() ? make
                               : make + " (as root), or set " + place.setting + " to another directory";
}

constexpr auto local_disk =
    "run: echo 'ENROOT_DATA_PATH /local/pyxis/$(id -u)' >>/etc/enroot/enroot.conf (a disk of the node's with "
    "ext4, "
    "xfs or btrfs)";

Finding check_locks(const Place& place, int directory) {
  auto check = place.check + ": locks";
  auto file = open_at(directory, "lock", O_RDWR | O_CREAT, 0600);
  auto locked = file.ok() ? try_lock(file->get(), LockMode::exclusive) : Result<bool>(file.error());
  if (locked.ok()) return {check, Verdict::pass, "flock(2) works on " + file_system_of(directory), "", ""};
  return {check, Verdict::fail, "flock(2) on " + file_system_of(directory) + ": " + locked.error().message,
          "run: mount -o remount,flock MOUNTPOINT (Lustre), or " + std::string(local_disk), ""};
}

Finding check_attributes(const Place& place, int directory) {
  auto check = place.check + ": attributes";
  auto type = file_system_of(directory);
  if (::fsetxattr(directory, "user.pyxis.doctor", "1", 1, 0) == 0)
    return {check, Verdict::pass, "user extended attributes work on " + type, "", ""};
  return {check, Verdict::warn,
          "user extended attributes on " + type + ": " + sys_error("setxattr").message +
              "; containers are copies of their layers",
          local_disk, ""};
}

// A copy is started from as it is, with its mount's flags, which a user cannot clear.
Finding check_copies(const Place& place, int directory, std::string why) {
  auto check = place.check + ": overlay";
  struct statvfs space {};
  if (::fstatvfs(directory, &space) == 0 && (space.f_flag & ST_NOEXEC) != 0)
    return {check, Verdict::fail, why + "; and it is mounted noexec: no program of a copy can run",
            "run: mount -o remount,exec \"$(findmnt -no TARGET -T " + place.path + ")\"", ""};
  return {check, Verdict::warn, std::move(why), local_disk, ""};
}

Finding check_overlay(const Place& place, int directory) {
  auto check = place.check + ": overlay";
  if (!place.overlays)
    return {check, Verdict::pass, "not wanted: ENROOT_NATIVE_OVERLAYFS is off, containers are copies", "",
            ""};
  auto support = probe_overlay(directory);
  if (!support.ok())
    return {check, Verdict::skip, "could not be tried: " + support.error().message, support.error().remedy,
            ""};
  if (support->usable)
    return {check, Verdict::pass, "containers can be overlays on " + file_system_of(directory), "", ""};
  return check_copies(place, directory, "containers are copies of their layers: " + support->why);
}

}  // namespace

Finding judge_space(const Place& place, const struct statvfs& space) {
  constexpr unsigned long long much = 100'000'000'000, little = 10'000'000'000;  // bytes
  constexpr unsigned long long many = 1'000'000, few = 100'000;  // inodes; an image has 80,000
  constexpr unsigned soon = 10, next_to_nothing = 1;             // percent
  auto share = [](unsigned long long part, unsigned long long all) {
    return all == 0 ? 100u : static_cast<unsigned>(static_cast<unsigned __int128>(part) * 100 / all);
  };
  unsigned long long unit = space.f_frsize;
  // What is reserved for root counts for nobody.
  auto usable = space.f_blocks - space.f_bfree + space.f_bavail;
  auto free_bytes = space.f_bavail * unit;
  unsigned bytes_left = share(space.f_bavail, usable);
  unsigned inodes_left = share(space.f_favail, space.f_files);
  auto fact = place.path + ": " + human_bytes(free_bytes) + " of " + human_bytes(usable * unit) + " free (" +
              std::to_string(bytes_left) + "%)";
  if (space.f_files != 0)
    fact += ", " + std::to_string(space.f_favail) + " of " + std::to_string(space.f_files) + " inodes (" +
            std::to_string(inodes_left) + "%)";
  auto below = [&](unsigned percent, unsigned long long bytes, unsigned long long inodes) {
    return (bytes_left < percent && free_bytes < bytes) ||
           (space.f_files != 0 && inodes_left < percent && space.f_favail < inodes);
  };
  auto verdict = below(next_to_nothing, little, few) ? Verdict::fail
                 : below(soon, much, many)           ? Verdict::warn
                                                     : Verdict::pass;
  return {place.check + ": space", verdict, fact, verdict == Verdict::pass ? "" : place.cleaning, ""};
}

Finding check_space(const Place& place) {
  auto check = place.check + ": space";
  auto ground = find_ground(place.path);
  if (!ground.ok()) return {check, Verdict::skip, ground.error().message, "", ""};
  struct statvfs space {};
  if (::fstatvfs(ground->directory.get(), &space) != 0)
    return {check, Verdict::skip, sys_error(ground->path).message, "", ""};
  return judge_space(place, space);
}

Findings check_place(const Context& context, const Place& place) {
  auto ground = find_ground(place.path);
  if (!ground.ok())
    return {{place.check, Verdict::fail, ground.error().message,
             "run: namei -l " + place.path + " (who may pass on the way)"}};
  Findings findings;
  auto unsafe = context.is_root() ? not_for_root(*ground) : std::nullopt;
  bool anothers = place.own && ground->itself && ground->info.st_uid != context.uid;
  if (unsafe) {
    findings.push_back({place.check, Verdict::skip, *unsafe, "run: pyxis doctor, as the user whose it is"});
  } else if (anothers) {
    findings.push_back(
        {place.check, Verdict::fail,
         place.path + " belongs to uid " + std::to_string(ground->info.st_uid) + ", not to this user",
         "run: chown -R " + std::to_string(context.uid) + " " + place.path + " (as root), or set " +
             place.setting + " to another directory"});
  } else if (auto made = TryDirectory::make(*ground); made.ok()) {
    auto here = ground->itself ? place.path : place.path + ", which is made when it is needed";
    findings.push_back({place.check, Verdict::pass, here, ""});
    if (place.holds_images || place.holds_containers) {
      findings.push_back(check_locks(place, made->fd()));
      findings.push_back(check_attributes(place, made->fd()));
    }
    if (place.holds_containers) findings.push_back(check_overlay(place, made->fd()));
  } else {
    findings.push_back({place.check, Verdict::fail, place.path + ": " + made.error().message,
                        remedy_of_refusal(place, *ground, made.error().code, context.uid)});
  }
  if (auto finding = check_above(context, place)) findings.push_back(std::move(*finding));
  findings.push_back(check_space(place));
  return findings;
}

}  // namespace pyxis::doctor
