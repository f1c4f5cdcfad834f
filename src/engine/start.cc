#include "engine/start.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "contract/handover.h"
#include "contract/image_file_name.h"
#include "contract/reference.h"
#include "contract/task_environment.h"
#include "engine/devices.h"
#include "engine/external_importer.h"
#include "engine/image_file.h"
#include "engine/import.h"
#include "engine/installation.h"
#include "engine/job_pins.h"
#include "engine/launch.h"
#include "engine/leftovers.h"
#include "engine/mount_sources.h"
#include "engine/own_mounts.h"
#include "engine/store_notes.h"
#include "engine/supervisor.h"
#include "engine/unpacked_image.h"
#include "engine/user_store.h"
#include "sandbox/fuse_mount.h"
#include "sandbox/running_mounts.h"
#include "sandbox/sandbox.h"
#include "store/collection.h"

namespace pyxis {
namespace {

// Namespaces with everything in place, and the lock that says that the container is in use.
struct LaunchedContainer {
  JoinedContainer running;
  Fd use;
  Digest image;
  ServedImage image_server;
  OwnPids own_pids;
  std::optional<Entrypoint> entrypoint;
};

// One start: what has been found out so far, and how far it got.
class Start {
 public:
  Start(StartOptions options, const Settings& settings, Fd leash, Reporter& reporter, Phase& phase)
      : request_(std::move(options.request)),
        job_(Environment::from(request_.job_env)),
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
    if (request_.job_id != 0) TRY(note_store(settings_, request_.job_id));
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
    if (!request_.save_path.empty()) TRY(check_save());
    return ok();
  }

  // What is bound to fail is told before hours of work; but the directory may be made by these.
  Result<void> check_save() {
    auto target = ImageFileTarget::open(request_.save_path, true, settings_, reporter_);
    if (target.ok()) return ok();
    if (target.error().code == ENOENT) {
      reporter_.warn("the directory of " + request_.save_path + " is not there; at the end it must be");
      return ok();
    }
    phase_ = Phase::save;
    return std::move(target).error();
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
    phase_ = Phase::argument;
    TRY(check_mount_sources(request_.mounts));
    devices_ = TRY(plan_devices(request_.devices, request_.devices_by_default, settings_, reporter_));
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
    auto use = use_container(*store_, request_.container);
    if (!use.ok() && use.error().code == EBUSY) {  // the last step in it has just ended
      joined = {};
      TRY(await_container_rest(*store_, request_.container));
      return join_or_launch();
    }
    bind_own_mounts(request_, joined.namespaces, reporter_);
    auto in_use = TRY(std::move(use));
    return supervise({std::move(joined), std::move(in_use), {}, {}, {}, {}});
  }

  Result<JoinedContainer> start_new() {
    if (request_.image.empty())
      return fail("no container named " + request_.container + " on this node, and no image to make it from",
                  "give --container-image");
    phase_ = Phase::import;
    ImportRequest import{TRY(parse_reference(request_.image)), host_platform(), request_.image};
    if (import.reference.scheme == Reference::Scheme::file)
      return supervise_new(TRY(launch_file(import.reference.path)));
    if (import.reference.scheme == Reference::Scheme::url) return supervise_new(TRY(launch_address(import)));
    reporter_.importing(request_.image);
    if (!request_.importer.empty()) return supervise_new(TRY(launch_from_importer()));
    auto images = TRY(hold_images(*store_));
    TRY(take_pin(import));
    auto launched = TRY(launch_known(import));
    if (!launched)
      launched = TRY(launch_of(TRY(import_image(*store_, settings_, import, reporter_)), import.reference));
    TRY(leave_pin(import));
    TRY(unlock(images.get()));  // explicitly: the supervisor will have a copy of the descriptor
    reporter_.imported(request_.image);
    return supervise_new(std::move(*launched));
  }

  bool can_be_pinned(const ImportRequest& import) const {
    return request_.job_id != 0 && has_tag(import.reference);
  }

  // All steps of a job have the image that its first one had under that name: on all nodes what srun found it
  // to be; where srun did not ask, on this node.
  Result<void> take_pin(ImportRequest& import) const {
    import.good_for = request_.image_good_for;
    if (!can_be_pinned(import)) return ok();
    if (request_.image_digest.empty())
      import.pin = TRY(find_pin(settings_.runtime_path, request_.job_id, import.reference));
    else
      import.pin = TRY(Digest::parse(request_.image_digest));
    return ok();
  }

  Result<void> leave_pin(const ImportRequest& import) const {
    if (!can_be_pinned(import)) return ok();
    if (import.pin) return note_pin(settings_.runtime_path, request_.job_id, import.reference, *import.pin);
    auto name = TRY(find_name(*store_, recorded_name(import)));
    if (!name) return ok();
    return note_pin(settings_.runtime_path, request_.job_id, import.reference, name->pointed_to);
  }

  // One whose entry point fails goes again, too.
  Result<JoinedContainer> supervise_new(LaunchedContainer launched) {
    auto running = supervise(std::move(launched));
    if (!running.ok()) (void)remove_container(*store_, request_.container);
    return running;
  }

  // The file is the importer's for as long as a temporary container shows it.
  Result<LaunchedContainer> launch_from_importer() {
    ExternalImporter importer(request_.importer, settings_.environment.lines());
    auto file = importer.get(request_.image, TRY(EndSignals::watch()));
    if (file.ok()) reporter_.imported(request_.image);
    auto launched = file.ok() ? launch_file(*file) : Result<LaunchedContainer>(std::move(file).error());
    if (!launched.ok() || !request_.temporary) (void)importer.release();
    return launched;
  }

  // While the registry is asked whether the name still means the image that is present, that image is
  // started: mostly it does. Nothing, where it does not or none is present.
  Result<std::optional<LaunchedContainer>> launch_known(const ImportRequest& import) {
    auto check = TRY(NameCheck::begin(*store_, settings_, import));
    if (!check) return std::optional<LaunchedContainer>();
    auto launched = launch_of(check->image(), import.reference);
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

  Result<LaunchedContainer> launch_of(const StoredImage& image, const Reference& name) {
    phase_ = Phase::create;
    auto record = new_record();
    record.reference = name.canonical();
    TRY(make_container(*store_, image, std::move(record)));
    return launch_new();
  }

  Result<LaunchedContainer> launch_file(const std::string& path) {
    phase_ = Phase::create;
    // A named one may outlive the file. Without FUSE there is no other way.
    if (request_.temporary && check_fuse().ok())
      TRY(make_served_container(*store_, path, in_memory_, new_record()));
    else
      TRY(make_unpacked_container(*store_, settings_, path, new_record(), false, reporter_));
    return launch_new();
  }

  // Once the file is open, or unpacked, it may go from the store.
  Result<LaunchedContainer> launch_address(const ImportRequest& import) {
    auto files = TRY(hold_images(*store_));
    auto shown = without_query(request_.image);
    reporter_.importing(shown);
    auto path = TRY(bring_image_file(settings_, import, reporter_));
    reporter_.imported(shown);
    auto launched = launch_file(path);
    TRY(unlock(files.get()));  // explicitly, as above
    return launched;
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
    options.superuser = settings_.allow_superuser && ::geteuid() == 0;
    options.workdir = request_.workdir;
    options.mounts = mounts_;
    for (const auto& mount : request_.mounts)
      options.mounts.push_back(from_mount_request(mount.source, mount.target, mount.flags));
    options.unshare = TRY(unshared());
    options.given = given_;
    options.devices = devices_;
    for (const auto& name : request_.env_names)
      if (auto value = job_.get(name)) options.given.environment.push_back(name + "=" + *value);
    options.given.unset = request_.env_unset;
    InitRequest init;
    init.login_shell = settings_.login_shell;
    if (request_.entrypoint.value_or(false)) options.init = init;
    bool remap_root = options.remap_root, superuser = options.superuser;
    if (request_.mode == NameMode::no_exec && record.form != ContainerForm::flat)
      if (auto running = TRY(join_running(settings_.runtime_path, request_.container)))
        options.running_root = TRY(clone_root(running->namespaces));
    auto use = use_container(*store_, request_.container);
    if (!use.ok() && use.error().code == EBUSY) {
      TRY(await_container_rest(*store_, request_.container));
      use = use_container(*store_, request_.container);
    }
    auto in_use = TRY(std::move(use));
    auto launched = TRY(launch_container(*store_, settings_, record, std::move(options)));
    LaunchedContainer container{{}, std::move(in_use), {}, std::move(launched.image_server), {}, {}};
    if (launched.sandbox.leash)
      container.own_pids = {std::move(launched.sandbox.init), std::move(launched.sandbox.leash)};
    container.running.started.env = std::move(launched.env);
    container.running.started.workdir = launched.workdir;
    container.running.namespaces = std::move(launched.sandbox.namespaces);
    if (!launched.init_name.empty())
      container.entrypoint = TRY(entrypoint_of(std::move(launched), std::move(init)));
    if (container.entrypoint) {
      container.entrypoint->command.keep_capabilities = remap_root || superuser;
      container.entrypoint->command.pretend_ownership = !superuser;
    }
    if (auto image = find_image(*store_, record.image); image.ok() && *image) {
      container.image = record.image;
      touch_image(*store_, record.image);
    }
    return container;
  }

  Result<Entrypoint> entrypoint_of(Launched launched, InitRequest init) const {
    Entrypoint entrypoint;
    entrypoint.name = std::move(launched.init_name);
    entrypoint.recorded = std::move(launched.recorded);
    entrypoint.host = settings_.environment;
    entrypoint.init = std::move(init);
    entrypoint.log = request_.entrypoint_log;
    entrypoint.program = TRY(open_path(TRY(installed_part(handover_program)), O_RDONLY));
    return entrypoint;
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
    supervised.image = std::move(container.image);
    auto entrypoint = TRY(hand_on_entrypoint(std::move(container.entrypoint), supervised));
    if (!request_.importer.empty() && supervised.creator)
      supervised.importer.emplace(request_.importer, settings_.environment.lines());
    running.supervisor =
        TRY(start_supervisor(*store_, std::move(supervised), directory, std::move(listener)));
    if (entrypoint) TRY(await_entrypoint(*entrypoint, running, directory));
    return std::move(running);
  }

  // An entry point that the supervisor runs, and where it tells what came of it.
  struct Awaited {
    std::string name;
    Fd socket;
  };

  Result<std::optional<Awaited>> hand_on_entrypoint(std::optional<Entrypoint> entrypoint,
                                                    Supervised& supervised) {
    if (!entrypoint) return std::optional<Awaited>();
    auto ends = TRY(make_socket_pair());
    Awaited awaited{entrypoint->name, std::move(ends.ours)};
    entrypoint->command.environment = task_environment(job_, supervised.started, request_.env_names).lines();
    entrypoint->command.workdir = supervised.started.workdir;
    supervised.entrypoint = std::move(entrypoint);
    supervised.entrypoint_socket = std::move(ends.theirs);
    supervised.workdir_chosen = !request_.workdir.empty();
    supervised.not_kept.push_back(awaited.socket.get());
    return std::optional(std::move(awaited));
  }

  // The supervisor of one that failed clears up and ends; until then it is waited for. If it was killed, its
  // part is done here.
  Result<void> await_entrypoint(Awaited& awaited, JoinedContainer& running,
                                const RunningDirectory& directory) {
    auto outcome = follow_entrypoint(awaited.socket.get(), awaited.name, reporter_);
    if (outcome.ok()) return take_entrypoint_changes(*outcome, running.started);
    awaited.socket.reset();
    for (const auto& [kind, fd] : running.namespaces)
      if (kind == Namespace::mount) kill_processes_in(fd.get());
    running.namespaces.clear();
    TRY(Child(running.supervisor).wait());
    TRY(directory.visit([](int) { return false; }));  // removes the socket of a dead one
    TRY(directory.remove_if_unused());
    return std::move(outcome).error();
  }

  StartRequest request_;
  Environment job_;  // the request's job_env
  std::vector<MountEntry> mounts_;
  bool default_writable_, in_memory_;
  std::vector<Namespace> unshare_;
  GivenForStart given_;
  DevicePlan devices_;
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
