#include "engine/launch.h"

#include <fcntl.h>

#include <algorithm>

#include "base/fs.h"
#include "base/text.h"
#include "contract/message.h"
#include "engine/configuration.h"
#include "engine/container_config.h"
#include "engine/container_hooks.h"
#include "engine/image_server.h"
#include "engine/user_store.h"
#include "hooks/accounts.h"
#include "layer/flatten.h"
#include "sandbox/userns.h"
#include "store/layers.h"

namespace pyxis {
namespace {

AccountEntry user_entry(const Environment& environment) {
  auto account = current_account(environment);
  return {account.uid, account.gid, account.name, account.gecos, account.home, account.shell, account.group};
}

std::vector<std::string> targets_of(const std::vector<MountEntry>& mounts) {
  std::vector<std::string> targets;
  for (const auto& mount : mounts) targets.push_back(mount.target);
  return targets;
}

// A cgroup namespace is of use with mounts that show it.
bool wants_cgroups(const std::vector<ConfiguredHook>& hooks) {
  return std::ranges::any_of(hooks, [](const auto& hook) { return hook.name == "10-cgroups.sh"; });
}

// What the sandbox's child tells of the container it has prepared.
struct Prepared {
  std::vector<std::string> environment;  // "NAME=value"
  std::string workdir;                   // the image's
  std::string init_name;                 // of what it starts with, where that was asked

  std::string encode() const {
    MessageWriter writer;
    writer.texts(environment);
    writer.text(workdir);
    writer.text(init_name);
    return writer.take();
  }
  static Result<Prepared> decode(std::string_view body) {
    MessageReader reader(body);
    Prepared prepared;
    prepared.environment = TRY(reader.texts());
    prepared.workdir = TRY(reader.text());
    prepared.init_name = TRY(reader.text());
    return prepared;
  }
};

}  // namespace

Result<std::vector<LayerDirectory>> overlay_layers(const Store& store, const StoredImage& image) {
  std::vector<LayerDirectory> lower;
  auto layers = TRY(image_layer_paths(store, image));
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) lower.push_back({*layer, {}});
  return lower;
}

Result<void> flatten_image(const Store& store, const StoredImage& image, int destination) {
  std::vector<Fd> layers;
  std::vector<int> descriptors;
  for (const auto& layer : TRY(image_layer_paths(store, image))) {
    layers.push_back(TRY(open_path(layer, O_RDONLY | O_DIRECTORY)));
    descriptors.push_back(layers.back().get());
  }
  return flatten_layers(descriptors, destination);
}

Result<RootSpec> container_root(const Store& store, const ContainerRecord& record, int server) {
  auto directory = container_path(store, record.name);
  if (record.form == ContainerForm::flat) return RootSpec(DirectoryRoot{directory + "/rootfs"});
  std::vector<LayerDirectory> layers;
  if (record.image_file.empty()) {
    auto image = TRY(find_image(store, record.image));
    if (!image)
      return fail(
          "image " + record.image.text() + " of container " + record.name + " is not in the store any more",
          "import it again: pyxis pull " + record.reference);
    layers = TRY(overlay_layers(store, *image));
  } else {
    layers.push_back({record.image_file, {}, server});
  }
  if (record.form == ContainerForm::ephemeral) return RootSpec(EphemeralOverlay{std::move(layers), {}});
  return RootSpec(OverlayRoot{std::move(layers), directory + "/upper", directory + "/work"});
}

Result<void> make_container(const Store& store, const StoredImage& image, ContainerRecord record) {
  auto choice = TRY(choose_container_form(store));
  record.form = choice.form;
  record.image = image.digest;
  record.reference = image.reference;
  record.config = image.config;
  return create_container(store, record, [&](int rootfs) { return flatten_image(store, image, rootfs); });
}

Result<void> make_served_container(const Store& store, const std::string& image_file, bool in_memory,
                                   ContainerRecord record) {
  // An overlay's upper directory has to be where overlays can be; memory can always.
  bool on_disk = !in_memory && TRY(choose_container_form(store)).form == ContainerForm::overlay;
  record.form = on_disk ? ContainerForm::overlay : ContainerForm::ephemeral;
  record.image_file = record.reference = image_file;
  return create_container(store, record, [](int) { return ok(); });
}

Result<Launched> launch_container(const Store& store, const Settings& settings, const ContainerRecord& record,
                                  LaunchOptions options) {
  auto configuration = TRY(read_container_configuration(settings));
  auto user = user_entry(settings.environment);
  auto directory = container_path(store, record.name);

  SandboxPlan plan;
  plan.remap_root = options.remap_root;
  plan.superuser = options.superuser;
  plan.writable = options.writable;
  plan.extra = options.unshare;
  std::optional<ImageServer> server;
  if (options.running_root) {
    plan.root = DetachedRoot{std::move(options.running_root)};
  } else {
    if (!record.image_file.empty())
      server = TRY(ImageServer::start(settings, record.image_file, options.remap_root, &store));
    plan.root = TRY(container_root(store, record, server ? server->socket.get() : -1));
  }
  plan.mount_point = directory + "/root";
  plan.early = configuration.early;
  plan.late = configuration.late;
  bool own_cgroups = wants_cgroups(configuration.hooks) && cgroup_namespaces_supported();
  if (own_cgroups) plan.extra.push_back(Namespace::cgroup);
  auto hooks = TRY(plan_hooks(std::move(configuration.hooks), settings,
                              {options.remap_root, options.writable, options.mount_home, own_cgroups, user,
                               targets_of(options.mounts)},
                              std::move(options.given)));
  plan.prepare = [&](Preparation& preparation) -> Result<void> {
    auto read = TRY_CONTEXT(container_config(record.config, settings.environment, preparation.rootfs),
                            "container " + record.name);
    const auto& config = read.image;
    // Before all other late ones: what is mounted in a volume is to be seen.
    if (record.config.empty()) {
      auto volumes = image_volumes(settings.environment, preparation.rootfs);
      preparation.late.insert(preparation.late.begin(), volumes.begin(), volumes.end());
    }
    auto home = TRY(account_home(preparation.rootfs, user, options.remap_root));
    // `rc` of the spec creates the image's working directory; one that the user names must exist.
    if (options.workdir.empty() && !config.working_dir.empty())
      TRY(make_directories_in_root(preparation.rootfs, config.working_dir, 0755));
    HookedContainer container{preparation.rootfs, preparation.rootfs_path, Environment::from(config.env), {}};
    container.environment.set("HOME", options.mount_home ? user.home : home);
    container.environment.merge(configuration.environment);
    TRY(run_hooks(hooks, container));
    for (const auto* mounts : {&container.late_mounts, &options.mounts})
      preparation.late.insert(preparation.late.end(), mounts->begin(), mounts->end());
    Prepared prepared{container.environment.lines(), config.working_dir, {}};
    if (options.init)
      prepared.init_name = TRY(find_init_program(read, *options.init, preparation.rootfs)).name;
    preparation.report = prepared.encode();
    return ok();
  };
  Launched launched;
  launched.sandbox = TRY(create_sandbox(plan));
  if (server) launched.image_server = server->leave();

  auto prepared = TRY(Prepared::decode(launched.sandbox.report));
  launched.env = std::move(prepared.environment);
  launched.init_name = std::move(prepared.init_name);
  launched.workdir = !options.workdir.empty()    ? options.workdir
                     : !prepared.workdir.empty() ? prepared.workdir
                                                 : "/";
  return launched;
}

}  // namespace pyxis
