// What the kernel lets users do. It is tried; knobs are read for what to say of a refusal.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/text.h"
#include "doctor/checks.h"
#include "doctor/knobs.h"
#include "doctor/ordinary_user.h"
#include "nsjoin/seccomp.h"
#include "sandbox/fuse_mount.h"
#include "sandbox/landlock.h"
#include "sandbox/mountinfo.h"

namespace pyxis::doctor {
namespace {

constexpr std::pair overlays_for_users{5, 11}, id_mapped_overlays{5, 19};

std::pair<int, int> version_of(const std::string& release) {
  auto parts = split(release, '.');
  auto number = [&](size_t i) {
    if (i >= parts.size()) return 0;
    auto digits = parts[i].substr(0, parts[i].find_first_not_of("0123456789"));
    return parse_number<int>(digits).value_or(0);
  };
  return {number(0), number(1)};
}

Result<void> try_namespaces() {
  return in_namespaces([]() -> Result<void> {
    // A security module may let a user have a namespace, and then nothing in it.
    if (::mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, nullptr) != 0)
      return sys_error("mount a tmpfs in a user namespace");
    return ok();
  });
}

Findings refused_namespaces(const Context& context, const Error& error) {
  constexpr auto check = "user namespaces";
  auto fact = ordinary_user(context) + " can make none: " + error.message;
  Findings findings;
  for (const auto& knob : blocking_knobs(context))
    findings.push_back({check, Verdict::fail,
                        fact + "; " + knob.name +
                            (knob.name.find(' ') == knob.name.npos ? " = " + std::to_string(knob.value) : ""),
                        knob.remedy});
  if (findings.empty())
    findings.push_back({check, Verdict::fail, error.remedy.empty() ? fact : fact + "; " + error.remedy,
                        "run: dmesg | grep -iE 'apparmor|avc|seccomp' (who refuses it)"});
  return findings;
}

// That a filter does what it is for: the owner of a file that there is not can be changed.
Result<void> try_filter() {
  TRY(install_ownership_filter());
  if (::fchownat(AT_FDCWD, "/nonexistent/pyxis", 1, 1, 0) != 0)
    return sys_error("chown under the filter of containers");
  return ok();
}

Result<void> try_fuse() {
  TRY(check_fuse());
  return in_namespaces([]() -> Result<void> {
    auto [ours, theirs] = TRY(make_socket_pair());
    return mount_served("pyxis-doctor", theirs.get(), "/tmp");
  });
}

// Which hierarchies are mounted; the test of a root file system's hybrid one is that there are both.
struct Hierarchies {
  bool v1 = false, v2 = false;
};

Hierarchies hierarchies_of(const std::vector<MountRecord>& mounts) {
  Hierarchies found;
  for (const auto& mount : mounts) {
    found.v1 = found.v1 || mount.type == "cgroup";
    found.v2 = found.v2 || mount.type == "cgroup2";
  }
  return found;
}

}  // namespace

Findings check_kernel(const Context&) {
  utsname names;
  ::uname(&names);
  std::string release = names.release;
  auto fact = "Linux " + release + " " + names.machine;
  auto version = version_of(release);
  if (version < overlays_for_users)
    return {{"kernel", Verdict::warn,
             fact + ": users' overlays need 5.11, so containers are copies of their layers",
             "run a newer kernel"}};
  if (version < id_mapped_overlays)
    return {{"kernel", Verdict::warn, fact + ": the node's store needs 5.19, so each user has one of his own",
             "run a newer kernel"}};
  return {{"kernel", Verdict::pass, fact, ""}};
}

Findings check_user_namespaces(const Context& context) {
  constexpr auto check = "user namespaces";
  auto tried = as_ordinary_user(context, try_namespaces);
  if (!tried.ok()) return refused_namespaces(context, tried.error());
  auto most = number_in(context, "/proc/sys/user/max_user_namespaces");
  auto fact = ordinary_user(context) + " can make them, and mount in them" +
              (most ? "; user.max_user_namespaces = " + std::to_string(*most) : "");
  constexpr long long few = 256;  // each container takes one, and starting it another for a moment
  if (most && *most < few)
    return {
        {check, Verdict::warn, fact + ", few for a node", sysctl_remedy("user.max_user_namespaces", 65536)}};
  return {{check, Verdict::pass, fact, ""}};
}

Findings check_filters(const Context& context) {
  Findings findings;
  auto tried = as_ordinary_user(context, try_filter);
  if (tried.ok())
    findings.push_back(
        {"system call filter", Verdict::pass, "chown and set*id can be answered in containers", ""});
  else
    findings.push_back(
        {"system call filter", Verdict::fail, tried.error().message,
         "run: grep Seccomp /proc/self/status (a filter of an outer container forbids more), or a "
         "kernel with CONFIG_SECCOMP_FILTER"});
  if (rights_over_files() != 0)
    findings.push_back({"Landlock", Verdict::pass, "readers of image files are confined by it", ""});
  else
    findings.push_back(
        {"Landlock", Verdict::warn, "not in this kernel: nothing of image files is read ahead",
         "run: cat /sys/kernel/security/lsm, and boot with lsm=landlock, before what it shows"});
  return findings;
}

Findings check_fuse_mounts(const Context& context) {
  auto tried = as_ordinary_user(context, try_fuse);
  if (tried.ok())
    return {{"FUSE", Verdict::pass, ordinary_user(context) + " can open /dev/fuse and mount with it", ""}};
  const auto& error = tried.error();
  auto refused = error.code == EACCES || error.code == EPERM;
  std::string remedy;
  if (error.code == ENOENT || error.code == ENODEV || error.code == ENXIO)
    remedy = "run: modprobe fuse (to keep it: echo fuse >/etc/modules-load.d/fuse.conf)";
  else if (refused && error.message.starts_with("/dev/fuse"))
    remedy = "run: chmod 666 /dev/fuse (udev makes it so where it runs)";
  else
    remedy = error.remedy.empty() ? "see the finding of user namespaces" : error.remedy;
  return {{"FUSE", Verdict::warn, "image files are unpacked instead of mounted: " + error.message, remedy}};
}

Findings check_cgroups(const Context& context) {
  auto text = read_file(context.path("/proc/self/mountinfo"));
  if (!text.ok()) return {{"cgroups", Verdict::skip, text.error().message, ""}};
  auto found = hierarchies_of(parse_mountinfo(*text));
  constexpr auto boot =
      "add systemd.unified_cgroup_hierarchy=1 to GRUB_CMDLINE_LINUX in /etc/default/grub; run: update-grub "
      "(grub2-mkconfig -o /boot/grub2/grub.cfg), and reboot";
  if (found.v1 && found.v2)
    return {{"cgroups", Verdict::warn,
             "hybrid: version 1 and version 2 are both mounted, which Slurm takes for 1", boot}};
  if (found.v2) return {{"cgroups", Verdict::pass, "version 2", ""}};
  if (found.v1) return {{"cgroups", Verdict::pass, "version 1", ""}};
  return {{"cgroups", Verdict::warn, "none is mounted: nothing limits or tracks what jobs use",
           "run: mount -t cgroup2 none /sys/fs/cgroup"}};
}

}  // namespace pyxis::doctor
