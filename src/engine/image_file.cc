#include "engine/image_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pipe.h"
#include "base/text.h"
#include "engine/helper.h"
#include "engine/launch.h"
#include "engine/recorded_config.h"
#include "engine/running.h"
#include "engine/user_store.h"
#include "engine/write_request.h"
#include "image/config.h"
#include "image/start_files.h"
#include "layer/flatten.h"
#include "sandbox/running_mounts.h"
#include "sandbox/sandbox.h"
#include "squash/compression_options.h"

namespace pyxis {
namespace {

constexpr auto options_name = "ENROOT_SQUASH_OPTIONS";
constexpr auto epoch_name = "SOURCE_DATE_EPOCH";  // reproducible-builds.org/specs/source-date-epoch

Result<std::optional<uint32_t>> read_epoch(const Environment& environment) {
  auto text = environment.get_or(epoch_name, "");
  if (text.empty()) return std::optional<uint32_t>();
  auto seconds = parse_number<uint32_t>(text);
  if (!seconds)
    return fail(std::string(epoch_name) + ": '" + printable(text) + "' is not a date in seconds since 1970");
  return std::optional<uint32_t>(*seconds);
}

// A root file system to be read, and what keeps it there.
struct ReadableTree {
  Fd root;
  std::optional<StagingDirectory> staging;
  Sandbox sandbox;
  std::vector<Fd> locks;
};

// By a path that a child in another mount namespace finds, too.
Result<std::string> path_of(int fd) {
  return read_link(fd_path(fd));
}

Result<Sandbox> mount_only(RootSpec root, const std::string& mount_point) {
  SandboxPlan plan;
  plan.root = std::move(root);
  plan.mount_point = mount_point;
  return create_sandbox(plan);
}

Result<ReadableTree> tree_of_image(const Store& store, const StoredImage& image) {
  ReadableTree tree;
  tree.staging.emplace(TRY(store.stage()));
  auto top = TRY(make_directory_at(tree.staging->fd(), "rootfs", 0755));
  auto choice = TRY(choose_container_form(store));
  if (choice.form == ContainerForm::flat) {
    TRY(flatten_image(store, image, top.get()));
    tree.root = std::move(top);
    return tree;
  }
  EphemeralOverlay overlay;
  overlay.lower = TRY(overlay_layers(store, image));
  tree.sandbox = TRY(mount_only(std::move(overlay), TRY(path_of(top.get()))));
  tree.root = std::move(tree.sandbox.root);
  return tree;
}

Result<ReadableTree> tree_of_container(const Store& store, const Settings& settings,
                                       const ContainerRecord& record) {
  ReadableTree tree;
  auto name_lock = TRY(lock_container_name(store, record.name));
  auto running = TRY(join_running(settings.runtime_path, record.name));
  tree.locks.push_back(TRY(use_container(store, record.name)));  // nobody removes it now
  // One at rest stays so while it is read.
  if (!running) tree.locks.push_back(std::move(name_lock));
  auto directory = container_path(store, record.name);
  if (record.form == ContainerForm::flat) {
    tree.root = TRY(open_path(directory + "/rootfs", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  } else if (running) {
    tree.root = TRY(clone_root(running->namespaces));
  } else {
    tree.sandbox = TRY(mount_only(TRY(container_root(store, record)), directory + "/root"));
    tree.root = std::move(tree.sandbox.root);
  }
  return tree;
}

Result<WriteRequest> request_for(const ImageFileTarget& target, const Settings& settings,
                                 const RecordedConfig& recorded, const std::string& provenance) {
  WriteRequest request;
  request.name = target.name();
  request.replace = target.replace();
  request.squash_options = settings.environment.get_or(options_name, "");
  request.processors = settings.max_processors;
  request.epoch = target.epoch();
  if (recorded.bytes.empty()) return request;  // made from an image file, whose own say it all
  auto config = TRY(parse_config(recorded.bytes));
  request.extra = {{std::string(environment_path), make_environment(config) + recorded.own_variables},
                   {std::string(fstab_path), make_fstab(config)},
                   {std::string(config_path), recorded.bytes}};
  if (!recorded.own_rc) request.extra.push_back({std::string(rc_path), make_rc(config, provenance), 0755});
  return request;
}

Result<void> write_tree(const ReadableTree& tree, const ImageFileTarget& target, const WriteRequest& request,
                        const Settings& settings, Reporter& reporter) {
  auto message = TRY(memory_file(request.encode()));
  HelperCommand command;
  command.arguments = {"pyxis-squash", "write"};
  command.descriptors = {{tree.root.get(), write_tree_fd},
                         {target.directory(), write_directory_fd},
                         {message.get(), write_request_fd}};
  TRY_CONTEXT(run_helper(command, settings, reporter), "write " + target.path());
  return ok();
}

}  // namespace

Result<ImageFileTarget> ImageFileTarget::open(const std::string& path, bool replace, const Settings& settings,
                                              Reporter& reporter) {
  ImageFileTarget target;
  target.path_ = path;
  target.replace_ = replace;
  auto slash = path.rfind('/');
  target.name_ = path.substr(slash + 1);
  auto directory = slash == path.npos ? "." : path.substr(0, slash + 1);
  if (target.name_.empty() || target.name_ == "." || target.name_ == "..")
    return fail("'" + path + "' is the name of a directory", "name the image file to be written");
  target.directory_ = TRY_CONTEXT(open_path(directory, O_RDONLY | O_DIRECTORY), "write " + path);
  struct stat there;
  if (::fstatat(target.directory(), target.name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISDIR(there.st_mode))
    return Error{path + " is a directory", "name the image file to be written", EISDIR};
  if (!replace && ::faccessat(target.directory(), target.name_.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return Error{path + " exists already", "choose another name with -o, or remove the file", EEXIST};
  if (::faccessat(target.directory(), ".", W_OK | X_OK, AT_EACCESS) != 0)
    return sys_error("write " + path).with_remedy("choose another place");
  auto options = TRY(parse_compression_options(settings.environment.get_or(options_name, "")));
  for (const auto& warning : options.warnings) reporter.warn(warning);
  target.epoch_ = TRY(read_epoch(settings.environment));
  return target;
}

Result<void> write_image_file(const Store& store, const Settings& settings, const StoredImage& image,
                              const std::string& provenance, const ImageFileTarget& target,
                              Reporter& reporter) {
  auto tree = TRY(tree_of_image(store, image));
  return write_tree(tree, target, TRY(request_for(target, settings, {image.config, false, {}}, provenance)),
                    settings, reporter);
}

Result<void> export_container(const Store& store, const Settings& settings, const std::string& name,
                              const ImageFileTarget& target, Reporter& reporter) {
  auto record = TRY(read_container(store, name));
  auto tree = TRY(tree_of_container(store, settings, record));
  auto recorded = TRY(recorded_config(store, record));
  return write_tree(tree, target, TRY(request_for(target, settings, recorded, record.reference)), settings,
                    reporter);
}

}  // namespace pyxis
