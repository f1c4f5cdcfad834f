#include "sandbox/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/fs.h"
#include "sandbox/fuse_mount.h"
#include "sandbox/kernel_calls.h"
#include "sandbox/mountinfo.h"

namespace pyxis {
namespace {

// The directories of one overlay, open. Their names for the kernel are /proc/self/fd/N: short, and free of
// the colons and commas that its option syntax gives a meaning.
struct OverlayDirectories {
  std::vector<Fd> lower;  // top first
  Fd upper, work;
  bool passing = false;
};

// The mount point as a target below the host's "/".
struct HostTarget {
  Fd host_root;
  MountTarget target;
};

Result<HostTarget> target_at(const std::string& mount_point) {
  HostTarget at{TRY(open_path("/", O_PATH | O_DIRECTORY)), {}};
  at.target.root = at.host_root.get();
  at.target.path = mount_point;
  at.target.fd = TRY(open_path(mount_point, O_PATH | O_DIRECTORY));
  return at;
}

MountChange root_attributes() {
  return {{kernel::attr_nosuid | kernel::attr_nodev, 0}, {}, {}, false};
}

Result<Fd> open_directory(const std::string& path) {
  return open_path(path, O_PATH | O_DIRECTORY);
}

// One string for all layers, for kernels before 6.5. Options are one page at most, so the names are numbers
// relative to the working directory /proc/self/fd.
Result<void> mount_overlay_by_string(const OverlayDirectories& directories, const std::string& mount_point) {
  std::string options = directories.passing ? "volatile," : "";
  options += "userxattr,lowerdir=";
  for (const auto& layer : directories.lower)
    options += (&layer == &directories.lower.front() ? "" : ":") + std::to_string(layer.get());
  options += ",upperdir=" + std::to_string(directories.upper.get()) +
             ",workdir=" + std::to_string(directories.work.get());
  auto before = TRY(open_path(".", O_PATH | O_DIRECTORY));
  if (::chdir("/proc/self/fd") != 0) return sys_error("chdir /proc/self/fd");
  int status = ::mount("overlay", mount_point.c_str(), "overlay", MS_NOSUID | MS_NODEV, options.c_str());
  int code = errno;
  if (::fchdir(before.get()) != 0) return sys_error("chdir");
  if (status != 0) return sys_error("mount overlay", code);
  return ok();
}

Result<void> mount_overlay(const OverlayDirectories& directories, const std::string& mount_point,
                           const MountApi& api) {
  Fd fs(kernel::fsopen("overlay"));
  bool by_layer = &api != &legacy_mount_api() && fs &&
                  kernel::fsconfig(fs.get(), kernel::fsconfig_set_string, "lowerdir+",
                                   fd_path(directories.lower.front().get()).c_str()) == 0;
  if (!by_layer) return mount_overlay_by_string(directories, mount_point);
  std::vector<std::string> options = {"userxattr"};
  if (directories.passing) options.emplace_back("volatile");
  for (const auto& layer : directories.lower) options.push_back("lowerdir+=" + fd_path(layer.get()));
  options.push_back("upperdir=" + fd_path(directories.upper.get()));
  options.push_back("workdir=" + fd_path(directories.work.get()));
  auto at = TRY(target_at(mount_point));
  return api.filesystem("overlay", "overlay", options, root_attributes(), at.target);
}

// What only the errno of a failing overlay cannot tell.
Error explain_overlay(Error error, int upper) {
  auto type = filesystem_type_of(upper);
  auto where = type.ok() ? *type : std::string("file system");
  if (error.code == EINVAL || error.code == EOPNOTSUPP)
    error.remedy = "the kernel takes no overlay with its upper directory on this " + where +
                   ": put the store on a local file system, or let containers be plain directories";
  if (error.code == ENODEV) error.remedy = "this kernel has no overlay file system (module overlay)";
  if (error.code == EPERM)
    error.remedy = "this kernel does not let users mount overlays: Linux 5.11 or later does";
  return std::move(error).context("mount the layers");
}

Result<void> mount_scratch(const std::string& mount_point, const std::string& size, const MountApi& api) {
  auto at = TRY(target_at(mount_point));
  std::vector<std::string> options = {"mode=0700"};
  if (!size.empty()) options.push_back("size=" + size);
  TRY_CONTEXT(api.filesystem("tmpfs", "tmpfs", options, root_attributes(), at.target),
              "mount memory for the root");
  return ok();
}

bool is_directory(const LayerDirectory& layer) {
  return !layer.mount && layer.server < 0;
}

// Overlay takes only mounts of its own namespace as layers, so others are attached: in `scratch`, which is
// what is mounted at `scratch_path`.
Result<std::vector<Fd>> open_layers(const std::vector<LayerDirectory>& lower, int scratch,
                                    const std::string& scratch_path) {
  std::vector<Fd> layers;
  for (const auto& layer : lower) {
    if (is_directory(layer)) {
      layers.push_back(TRY_CONTEXT(open_directory(layer.path), "layer"));
      continue;
    }
    auto name = "layer" + std::to_string(layers.size());
    auto place = TRY(make_directory_at(scratch, name));
    if (layer.server >= 0)
      TRY(mount_served(layer.path, layer.server, scratch_path + "/" + name));
    else if (kernel::move_mount(layer.mount.get(), place.get()) != 0)
      return sys_error("attach layer " + layer.path);
    layers.push_back(TRY_CONTEXT(open_at(scratch, name, O_PATH | O_DIRECTORY), "layer " + layer.path));
  }
  return layers;
}

Result<Fd> finish_overlay(const OverlayDirectories& directories, const std::string& mount_point,
                          const MountApi& api) {
  if (directories.lower.empty()) return fail("an image without layers");
  auto mounted = mount_overlay(directories, mount_point, api);
  if (!mounted.ok()) return explain_overlay(std::move(mounted).error(), directories.upper.get());
  return open_directory(mount_point);
}

// The mark by which overlayfs refuses what was mounted so before, for a crash may have spoilt it. Whatever
// crashed, it was not this machine: passing changes are removed after that.
Result<void> forget_passing_mount(int work) {
  auto inner = open_at(work, "work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!inner.ok()) return inner.error().code == ENOENT ? ok() : std::move(inner).error();
  return remove_tree(inner->get(), "incompat");
}

Result<Fd> mount_one(const OverlayRoot& spec, const std::string& mount_point, const MountApi& api) {
  OverlayDirectories directories;
  directories.upper = TRY(open_directory(spec.upper));
  directories.work = TRY(open_directory(spec.work));
  directories.passing = spec.passing;
  if (spec.passing) TRY(forget_passing_mount(directories.work.get()));
  Fd scratch;
  if (!std::ranges::all_of(spec.lower, is_directory)) {
    TRY(mount_scratch(mount_point, {}, api));
    scratch = TRY(open_directory(mount_point));
  }
  directories.lower = TRY(open_layers(spec.lower, scratch.get(), mount_point));
  return finish_overlay(directories, mount_point, api);
}

Result<Fd> mount_one(const EphemeralOverlay& spec, const std::string& mount_point, const MountApi& api) {
  TRY(mount_scratch(mount_point, spec.tmpfs_size, api));
  auto scratch = TRY(open_directory(mount_point));
  OverlayDirectories directories;
  directories.lower = TRY(open_layers(spec.lower, scratch.get(), mount_point));
  directories.upper = TRY(make_directory_at(scratch.get(), "upper"));
  directories.work = TRY(make_directory_at(scratch.get(), "work"));
  struct stat top;  // the upper directory's mode and time of change are those of the container's "/"
  if (!directories.lower.empty() && ::fstat(directories.lower.front().get(), &top) == 0) {
    ::fchmod(directories.upper.get(), (top.st_mode & 07777) | 0700);
    struct timespec times[2] = {top.st_atim, top.st_mtim};
    ::futimens(directories.upper.get(), times);
  }
  return finish_overlay(directories, mount_point, api);
}

Result<Fd> mount_one(const DirectoryRoot& spec, const std::string& mount_point, const MountApi& api) {
  auto source = TRY(open_directory(spec.path));
  auto at = TRY(target_at(mount_point));
  TRY_CONTEXT(api.bind(source.get(), true, root_attributes(), at.target), "mount " + spec.path);
  return open_directory(mount_point);
}

Result<Fd> mount_one(const DetachedRoot& spec, const std::string& mount_point, const MountApi&) {
  auto place = TRY(open_directory(mount_point));
  if (kernel::move_mount(spec.mount.get(), place.get()) != 0)
    return sys_error("attach the running container's root");
  return open_directory(mount_point);
}

}  // namespace

Result<Fd> mount_root(const RootSpec& spec, const std::string& mount_point, const MountApi& api) {
  return std::visit([&](const auto& root) { return mount_one(root, mount_point, api); }, spec);
}

}  // namespace pyxis
