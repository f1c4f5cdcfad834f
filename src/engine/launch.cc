#include "engine/launch.h"

#include <fcntl.h>

#include "contract/message.h"
#include "engine/configuration.h"
#include "engine/container_hooks.h"
#include "engine/user_store.h"
#include "hooks/accounts.h"
#include "image/config.h"
#include "layer/flatten.h"
#include "store/layers.h"

namespace pyxis {
namespace {

Result<RootSpec> root_of(const Store& store, const ContainerRecord& record, const std::string& directory) {
  if (record.form == ContainerForm::flat) return RootSpec(DirectoryRoot{directory + "/rootfs"});
  auto image = TRY(find_image(store, record.image));
  if (!image)
    return fail(
        "image " + record.image.text() + " of container " + record.name + " is not in the store any more",
        "import it again: pyxis pull " + record.reference);
  OverlayRoot overlay;
  overlay.upper = directory + "/upper";
  overlay.work = directory + "/work";
  auto layers = TRY(image_layer_paths(store, *image));
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) overlay.lower.push_back({*layer, Fd()});
  return RootSpec(std::move(overlay));
}

// What the sandbox's child tells of the container it has prepared.
struct Prepared {
  std::vector<std::string> environment;  // "NAME=value"

  std::string encode() const {
    MessageWriter writer;
    writer.texts(environment);
    return writer.take();
  }
  static Result<Prepared> decode(std::string_view body) {
    MessageReader reader(body);
    Prepared prepared;
    prepared.environment = TRY(reader.texts());
    return prepared;
  }
};

}  // namespace

Result<void> make_container(const Store& store, const StoredImage& image, ContainerRecord record) {
  auto choice = TRY(choose_container_form(store));
  record.form = choice.form;
  record.image = image.digest;
  record.reference = image.reference;
  record.config = image.config;
  return create_container(store, record, [&](int rootfs) -> Result<void> {
    std::vector<Fd> layers;
    std::vector<int> descriptors;
    for (const auto& layer : TRY(image_layer_paths(store, image))) {
      layers.push_back(TRY(open_path(layer, O_RDONLY | O_DIRECTORY)));
      descriptors.push_back(layers.back().get());
    }
    return flatten_layers(descriptors, rootfs);
  });
}

Result<Launched> launch_container(const Store& store, const Settings& settings, const ContainerRecord& record,
                                  LaunchOptions options) {
  auto config = TRY_CONTEXT(parse_config(record.config), "container " + record.name);
  auto account = current_account(settings.environment);
  auto directory = container_path(store, record.name);
  Launched launched;
  launched.workdir = !options.workdir.empty()      ? options.workdir
                     : !config.working_dir.empty() ? config.working_dir
                                                   : "/";

  SandboxPlan plan;
  plan.remap_root = options.remap_root;
  plan.writable = options.writable;
  plan.extra = options.unshare;
  plan.root = options.running_root ? RootSpec(DetachedRoot{std::move(options.running_root)})
                                   : TRY(root_of(store, record, directory));
  plan.mount_point = directory + "/root";
  auto configuration = TRY(read_container_configuration(settings));
  plan.early = configuration.early;
  plan.late = configuration.late;
  if (options.mount_home) plan.late.push_back(from_mount_request(account.home, account.home, ""));
  auto hooks = TRY(plan_hooks(std::move(configuration.hooks), settings,
                              {options.remap_root, options.writable, options.mount_home}));
  plan.prepare = [&](Preparation& preparation) -> Result<void> {
    auto home = TRY(add_accounts(
        preparation.rootfs,
        {account.uid, account.gid, account.name, account.gecos, account.home, account.shell, account.group},
        options.remap_root));
    // `rc` of the spec creates the image's working directory; one that the user names must exist.
    if (options.workdir.empty() && !config.working_dir.empty())
      TRY(make_directories_in_root(preparation.rootfs, config.working_dir, 0755));
    HookedContainer container{preparation.rootfs_path, Environment::from(config.env), {}};
    container.environment.set("HOME", options.mount_home ? account.home : home);
    container.environment.merge(configuration.environment);
    TRY(run_hooks(hooks, container));
    for (const auto* mounts : {&container.late_mounts, &options.mounts})
      preparation.late.insert(preparation.late.end(), mounts->begin(), mounts->end());
    preparation.report = Prepared{container.environment.lines()}.encode();
    return ok();
  };
  launched.sandbox = TRY(create_sandbox(plan));

  launched.env = TRY(Prepared::decode(launched.sandbox.report)).environment;
  launched.entrypoint = config.entrypoint;
  launched.cmd = config.cmd;
  return launched;
}

}  // namespace pyxis
