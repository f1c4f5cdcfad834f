#include "engine/start.h"

#include <fcntl.h>

#include "base/process.h"
#include "engine/import.h"
#include "engine/launch.h"
#include "engine/supervisor.h"
#include "engine/user_store.h"
#include "image/reference.h"
#include "sandbox/running_mounts.h"
#include "sandbox/sandbox.h"

namespace pyxis {
namespace {

// Namespaces with everything in place, and the lock that says that the container is in use.
struct LaunchedContainer {
  JoinedContainer running;
  Fd use;
  std::vector<Digest> layers;
  Fd image_server;
  OwnPids own_pids;
};

// One start: what has been found out so far, and how far it got.
class Start {
 public:
  Start(StartOptions options, const Settings& settings, Fd leash, Reporter& reporter, Phase& phase)
      : request_(std::move(options.request)),
        mounts_(std::move(options.mounts)),
        default_writable_(options.default_writable),
        in_memory_(options.in_memory),
        unshare_(std::move(options.unshare)),
        given_(std::move(options.given)),
        not_kept_(std::move(options.not_kept)),
        settings_(settings),
        leash_(std::move(leash)),
        farewell_(std::move(options.farewell)),
        reporter_(reporter),
        phase_(phase) {}

  // The answer, and the namespaces that go with it.
  Result<JoinedContainer> run() {
    TRY(check_request());
    store_.emplace(TRY(open_user_store(settings_)));
    TRY(store_->sweep_staging());
    TRY(sweep_containers(*store_));
    // From here to the supervisor's listening, nobody else decides about this name.
    auto name_lock = TRY(lock_container_name(*store_, request_.container));
    auto answer = join_or_launch();
    if (!answer.ok() && request_.temporary) discard_name_lock(*store_, request_.container);
    TRY(unlock(name_lock.get()));  // explicitly: the supervisor has a copy of the descriptor
    return answer;
  }

 private:
  Result<void> check_request() {
    phase_ = Phase::request;
    TRY(check_container_name(request_.container));
    if (!request_.save_path.empty()) return fail("--container-save is not available in this release");
    if (request_.entrypoint.value_or(false))
      return fail("--container-entrypoint is not available in this release");
    return ok();
  }

  Result<JoinedContainer> join_or_launch() {
    if (request_.mode == NameMode::any || request_.mode == NameMode::exec) {
      phase_ = Phase::join;
      if (auto joined = TRY(join_running(settings_.runtime_path, request_.container)))
        return attach(std::move(*joined));
      if (request_.mode == NameMode::exec)
        return fail("container " + request_.container + " is not running on this node",
                    "start it first, or leave out ':exec'");
    }
    phase_ = Phase::create;
    bool exists = TRY(container_exists(*store_, request_.container));
    if (exists && request_.mode == NameMode::create)
      return fail("container " + request_.container + " exists already",
                  "choose another name, or remove it: pyxis remove " + request_.container);
    return exists ? supervise(TRY(launch())) : start_new();
  }

  Result<JoinedContainer> attach(JoinedContainer joined) {
    joined.started.attached = true;
    joined.started.workdir = request_.workdir.empty() ? "/" : request_.workdir;
    bind_own_mounts(joined.namespaces);
    auto use = TRY(use_container(*store_, request_.container));
    return supervise({std::move(joined), std::move(use), {}, {}, {}});
  }

  // What the step itself needs there (its batch script, for one) comes into the running container, too. Where
  // that cannot be, most commands do without.
  void bind_own_mounts(const NamespaceSet& namespaces) {
    std::vector<MountEntry> own;
    for (const auto& mount : request_.mounts) {
      auto entry = from_mount_request(mount.source, mount.target, mount.flags);
      if (entry.has_option(own_mount_option)) own.push_back(std::move(entry));
    }
    auto bound = bind_into_running(namespaces, own);
    if (!bound.ok()) reporter_.warn("joining container " + request_.container + ": " + bound.error().text());
  }

  Result<JoinedContainer> start_new() {
    if (request_.image.empty())
      return fail("no container named " + request_.container + " on this node, and no image to make it from",
                  "give --container-image");
    phase_ = Phase::import;
    ImportRequest import{TRY(parse_reference(request_.image)), host_platform(), request_.image};
    if (import.reference.scheme == Reference::Scheme::file)
      return supervise(TRY(launch_file(import.reference.path)));
    reporter_.importing(request_.image);
    auto launched = TRY(launch_known(import));
    if (!launched) launched = TRY(launch_of(TRY(import_image(*store_, settings_, import, reporter_))));
    reporter_.imported(request_.image);
    return supervise(std::move(*launched));
  }

  // While the registry is asked whether the name still means the image that is present, that image is
  // started: mostly it does. Nothing, where it does not or none is present.
  Result<std::optional<LaunchedContainer>> launch_known(const ImportRequest& import) {
    auto check = TRY(NameCheck::begin(*store_, settings_, import));
    if (!check) return std::optional<LaunchedContainer>();
    auto launched = launch_of(check->image());
    auto phase = std::exchange(phase_, Phase::import);
    auto current = check->still_current(reporter_);
    if (current.ok() && *current) {
      phase_ = phase;
      return std::optional<LaunchedContainer>(TRY(std::move(launched)));
    }
    launched = fail("superseded");  // its namespaces go before its files
    TRY(remove_container(*store_, request_.container));
    TRY(std::move(current));
    return std::optional<LaunchedContainer>();
  }

  Result<LaunchedContainer> launch_of(const StoredImage& image) {
    phase_ = Phase::create;
    TRY(make_container(*store_, image, new_record()));
    return launch_new();
  }

  Result<LaunchedContainer> launch_file(const std::string& path) {
    phase_ = Phase::create;
    if (!request_.temporary)
      return fail("making a named container of an image file is not available in this release: " + path,
                  "leave out --container-name");
    TRY(make_served_container(*store_, path, in_memory_, new_record()));
    return launch_new();
  }

  ContainerRecord new_record() const {
    ContainerRecord record;
    record.name = request_.container;
    record.temporary = request_.temporary;
    if (request_.owner_pid > 0)
      if (auto owner = identify_process(static_cast<pid_t>(request_.owner_pid)); owner.ok())
        record.owner = *owner;
    record.job_id = request_.job_id;
    return record;
  }

  // A container that cannot be started goes again.
  Result<LaunchedContainer> launch_new() {
    auto launched = launch();
    if (!launched.ok()) (void)remove_container(*store_, request_.container);
    return launched;
  }

  Result<LaunchedContainer> launch() {
    phase_ = Phase::start;
    auto record = TRY(read_container(*store_, request_.container));
    LaunchOptions options;
    options.remap_root = request_.remap_root.value_or(settings_.remap_root);
    options.writable = request_.writable.value_or(settings_.rootfs_writable_set ? settings_.rootfs_writable
                                                                                : default_writable_);
    options.mount_home = request_.mount_home.value_or(settings_.mount_home);
    options.workdir = request_.workdir;
    options.mounts = mounts_;
    for (const auto& mount : request_.mounts)
      options.mounts.push_back(from_mount_request(mount.source, mount.target, mount.flags));
    options.unshare = TRY(unshared());
    options.given = given_;
    if (request_.mode == NameMode::no_exec && record.form != ContainerForm::flat)
      if (auto running = TRY(join_running(settings_.runtime_path, request_.container)))
        options.running_root = TRY(clone_root(running->namespaces));
    auto use = TRY(use_container(*store_, request_.container));
    auto launched = TRY(launch_container(*store_, settings_, record, std::move(options)));
    LaunchedContainer container{{}, std::move(use), {}, std::move(launched.image_server), {}};
    if (launched.sandbox.leash)
      container.own_pids = {std::move(launched.sandbox.init), std::move(launched.sandbox.leash)};
    container.running.started.env = std::move(launched.env);
    container.running.started.workdir = launched.workdir;
    container.running.namespaces = std::move(launched.sandbox.namespaces);
    if (auto image = find_image(*store_, record.image); image.ok() && *image)
      container.layers = (*image)->layers;
    return container;
  }

  // A process cannot enter a pid namespace, only be born in it, and tasks are Slurm's children: there the
  // setting does not count.
  Result<std::vector<Namespace>> unshared() const {
    auto kinds = unshare_;
    for (auto kind : settings_.unshare)
      if (kind != Namespace::pid) kinds.push_back(kind);
    for (const auto& name : request_.unshare) kinds.push_back(TRY(namespace_by_name(name)));
    return kinds;
  }

  static Result<Namespace> namespace_by_name(const std::string& name) {
    if (name == "net") return Namespace::net;
    if (name == "ipc") return Namespace::ipc;
    if (name == "uts") return Namespace::uts;
    return fail("'" + name + "' is not a namespace that can be unshared", "use net, ipc or uts");
  }

  // Leaves the supervisor behind; the answer keeps copies of the descriptors.
  Result<JoinedContainer> supervise(LaunchedContainer container) {
    auto& running = container.running;
    auto directory = TRY(RunningDirectory::open(settings_.runtime_path, request_.container));
    auto listener = TRY(directory.listen());
    running.started.control_socket = listener.path;
    Supervised supervised;
    supervised.container = request_.container;
    supervised.started = running.started;
    for (const auto& [kind, fd] : running.namespaces)
      supervised.namespaces.emplace_back(kind, Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)));
    supervised.use = std::move(container.use);
    supervised.leash = std::move(leash_);
    supervised.farewell = std::move(farewell_);
    supervised.creator = !running.started.attached;
    supervised.temporary = request_.temporary;
    supervised.not_kept = not_kept_;
    // The answer's copies would keep the mounts there after the supervisor has let go of its own.
    for (const auto& [kind, fd] : running.namespaces) supervised.not_kept.push_back(fd.get());
    supervised.image_server = std::move(container.image_server);
    supervised.own_pids = std::move(container.own_pids);
    supervised.layers = std::move(container.layers);
    running.supervisor =
        TRY(start_supervisor(*store_, std::move(supervised), directory, std::move(listener)));
    return std::move(running);
  }

  StartRequest request_;
  std::vector<MountEntry> mounts_;
  bool default_writable_, in_memory_;
  std::vector<Namespace> unshare_;
  GivenForStart given_;
  std::vector<int> not_kept_;
  const Settings& settings_;
  Fd leash_, farewell_;
  Reporter& reporter_;
  std::optional<Store> store_;
  Phase& phase_;
};

}  // namespace

Result<JoinedContainer> start_container(StartOptions options, const Settings& settings, Fd leash,
                                        Reporter& reporter, Phase& phase) {
  // The caller's would decide about the modes of what all steps in the container share.
  UmaskScope umask(022);
  return Start(std::move(options), settings, std::move(leash), reporter, phase).run();
}

}  // namespace pyxis
