#include "engine/launch.h"

#include <fcntl.h>

#include <algorithm>

#include "base/fs.h"
#include "base/text.h"
#include "contract/message.h"
#include "engine/configuration.h"
#include "engine/container_config.h"
#include "engine/container_hooks.h"
#include "engine/device_hooks.h"
#include "engine/image_server.h"
#include "engine/shared_store.h"
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

bool adds_accounts(const std::vector<ConfiguredHook>& hooks) {
  return std::ranges::any_of(
      hooks, [](const auto& hook) { return hook.builtin != nullptr && hook.name == "10-shadow.sh"; });
}

// GPUs that a specification gives are not given a second time.
void leave_out_nvidia(std::vector<ConfiguredHook>& hooks) {
  std::erase_if(hooks, [](const auto& hook) { return hook.builtin && hook.name == "98-nvidia.sh"; });
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

// What is done in the sandbox's child, with the root file system at hand.
struct Inside {
  const ContainerRecord& record;
  const RecordedConfig& recorded;
  const Settings& settings;
  const ContainerConfiguration& configuration;
  const HookPlan& hooks;
  const LaunchOptions& options;
  const AccountEntry& user;
  ContainerConfig config;

  Result<std::vector<MountEntry>> image_mounts(int rootfs) {
    config =
        TRY_CONTEXT(container_config(recorded, settings.environment, rootfs), "container " + record.name);
    return image_volumes(config.fstab, settings.environment);
  }

  Result<void> prepare(Preparation& preparation) const {
    const auto& image = config.image;
    auto home_of = adds_accounts(hooks.hooks) ? account_home : account_home_of_image;
    auto home = TRY(home_of(preparation.rootfs, user, options.remap_root));
    // `rc` of the spec creates the image's working directory; one that the user names must exist.
    if (options.workdir.empty()) preparation.workdir = image.working_dir;
    HookedContainer container{preparation.rootfs, preparation.rootfs_path, Environment::from(image.env), {}};
    container.environment.set("HOME", options.mount_home ? user.home : home);
    container.environment.merge(configuration.environment);
    container.environment.merge(options.devices.edits.environment);
    TRY(run_hooks(hooks, container));
    TRY(place_device_nodes(options.devices, preparation.rootfs));
    auto& late = preparation.late;
    for (const auto& mounts : {container.late_mounts, device_mounts(options.devices), options.mounts})
      late.insert(late.end(), mounts.begin(), mounts.end());
    Prepared prepared{container.environment.lines(), image.working_dir, {}};
    if (options.init)
      prepared.init_name = TRY(find_init_program(config, *options.init, preparation.rootfs)).name;
    preparation.report = prepared.encode();
    return ok();
  }
};

Result<std::vector<LayerDirectory>> shared_layers(SharedImages& shared, const Digest& image) {
  std::vector<LayerDirectory> lower;
  for (auto& mount : TRY(shared.layers(image)))
    lower.push_back({"of image " + image.text(), std::move(mount)});
  return lower;
}

// Outside of steps, where the administrator allows that.
Result<std::vector<LayerDirectory>> borrowed_layers(const ContainerRecord& record) {
  auto helper = SharedStore::start_helper();
  if (helper.ok()) return shared_layers(**helper, record.image);
  if (helper.error().code != ENOENT)
    return std::move(helper).error().context("layers of container " + record.name);
  return fail("the layers of container " + record.name + " are in this node's store for all users",
              "that is for steps of jobs: srun --container-name; to export it, add --container-save=FILE");
}

}  // namespace

Result<std::vector<LayerDirectory>> overlay_layers(const Store& store, const StoredImage& image) {
  if (image.shared) return shared_layers(*store.shared(), image.digest);
  std::vector<LayerDirectory> lower;
  auto layers = TRY(image_layer_paths(store, image));
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) lower.push_back({*layer, {}});
  return lower;
}

Result<std::vector<Fd>> open_layers(const Store& store, const StoredImage& image) {
  std::vector<Fd> layers;
  for (const auto& layer : TRY(overlay_layers(store, image)))
    layers.push_back(TRY(layer.mount ? open_at(layer.mount.get(), ".", O_RDONLY | O_DIRECTORY)
                                     : open_path(layer.path, O_RDONLY | O_DIRECTORY)));
  return layers;
}

Result<void> flatten_image(const Store& store, const StoredImage& image, int destination) {
  auto layers = TRY(open_layers(store, image));
  std::vector<int> bottom_first;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) bottom_first.push_back(layer->get());
  return flatten_layers(bottom_first, destination);
}

Result<RootSpec> container_root(const Store& store, const ContainerRecord& record, int server) {
  auto directory = container_path(store, record.name);
  if (record.form == ContainerForm::flat) return RootSpec(DirectoryRoot{directory + "/rootfs"});
  std::vector<LayerDirectory> layers;
  if (record.image_file.empty()) {
    auto image = TRY(find_image(store, record.image));
    if (!image && out_of_reach(store, record.image))
      layers = TRY(borrowed_layers(record));
    else if (!image)
      return fail(
          "image " + record.image.text() + " of container " + record.name + " is not in the store any more",
          "import it again: pyxis pull " + record.reference);
    else
      layers = TRY(overlay_layers(store, *image));
  } else {
    layers.push_back({record.image_file, {}, server});
  }
  if (record.form == ContainerForm::ephemeral) return RootSpec(EphemeralOverlay{std::move(layers), {}});
  return RootSpec(
      OverlayRoot{std::move(layers), directory + "/upper", directory + "/work", record.temporary});
}

Result<void> make_container(const Store& store, const StoredImage& image, ContainerRecord record) {
  auto choice = TRY(choose_container_form(store));
  record.form = choice.form;
  record.image = image.digest;
  record.config = image.config;
  TRY(note_image_use(store, record));
  if (image.shared && !record.temporary)
    TRY(store.shared()->keep(image.digest, container_path(store, record.name)));
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
  if (options.devices.nvidia_gpus) leave_out_nvidia(configuration.hooks);
  bool own_cgroups = wants_cgroups(configuration.hooks) && cgroup_namespaces_supported();
  if (own_cgroups) plan.extra.push_back(Namespace::cgroup);
  auto hooks = TRY(plan_hooks(std::move(configuration.hooks), settings,
                              {options.remap_root, options.writable, options.mount_home, own_cgroups, user,
                               targets_of(options.mounts)},
                              std::move(options.given)));
  auto recorded = TRY_CONTEXT(recorded_config(store, record), "container " + record.name);
  Inside inside{record, recorded, settings, configuration, hooks, options, user, {}};
  plan.image_mounts = [&](int rootfs) { return inside.image_mounts(rootfs); };
  plan.prepare = [&](Preparation& preparation) { return inside.prepare(preparation); };
  HookedRoot hooked_root{record.name, plan.mount_point, plan.writable};
  plan.complete = [&](const Preparation&) { return run_device_hooks(options.devices, hooked_root); };
  plan.entered = [&] { return run_start_hooks(options.devices, hooked_root); };
  Launched launched;
  auto sandbox = create_sandbox(plan);
  // What goes wrong in a mount that is not served any more says nothing.
  if (!sandbox.ok() && server)
    if (auto reason = server->failure()) return *reason;
  launched.sandbox = TRY(std::move(sandbox));
  if (server) launched.image_server = server->leave();

  auto prepared = TRY(Prepared::decode(launched.sandbox.report));
  launched.env = std::move(prepared.environment);
  launched.init_name = std::move(prepared.init_name);
  launched.workdir = !options.workdir.empty()    ? options.workdir
                     : !prepared.workdir.empty() ? prepared.workdir
                                                 : "/";
  launched.recorded = std::move(recorded);
  return launched;
}

}  // namespace pyxis
