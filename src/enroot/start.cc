#include "enroot/start.h"

#include <fcntl.h>

#include "contract/image_file_name.h"
#include "engine/external_importer.h"
#include "engine/mount_sources.h"
#include "engine/own_mounts.h"
#include "enroot/cleanup.h"
#include "enroot/leader.h"
#include "enroot/supervisor.h"

namespace pyxis::enroot {
namespace {

// One start: what has been found out so far, and what would have to be undone.
class Start {
 public:
  Start(const StartRequest& request, const Options& options, Tool tool, EndSignals signals, Ends ends,
        Reporter& reporter, Phase& phase)
      : request_(request),
        options_(options),
        tool_(std::move(tool)),
        signals_(std::move(signals)),
        ends_(std::move(ends)),
        reporter_(reporter),
        phase_(phase),
        importer_(request.importer, tool_.environment().lines()) {}

  Result<Joined> run() {
    phase_ = Phase::start;
    TRY(tool_.check(signals_));
    (void)sweep(tool_, request_.runtime_dir);  // what cannot be cleared up is no reason not to start
    // From here to the supervisor's listening, nobody else decides about this container.
    notes_.emplace(TRY(Notes::decide(request_.runtime_dir, request_.container)));
    auto joined = join_or_launch();
    if (joined.ok())
      TRY(notes_->decided());
    else
      undo();
    return joined;
  }

 private:
  Result<Joined> join_or_launch() {
    if (auto running = TRY(running_container())) return attach(std::move(*running));
    if (request_.mode == NameMode::exec) {
      phase_ = Phase::join;
      return fail("container " + request_.container + " is not running on this node",
                  "start it first, or leave out ':exec'");
    }
    phase_ = Phase::argument;
    TRY(check_mount_sources(request_.mounts));
    phase_ = Phase::create;
    if (exists_ && request_.mode == NameMode::create)
      return fail("container " + request_.container + " exists already",
                  "choose another name, or remove it: enroot remove " + request_.container);
    return exists_ ? launch(request_.container) : launch(TRY(materialise()));
  }

  // Also finds out whether enroot has the container. (An unnamed one is this step's, and new.)
  Result<std::optional<Joined>> running_container() {
    phase_ = Phase::join;
    bool may_join = request_.mode == NameMode::any || request_.mode == NameMode::exec;
    if (may_join && !request_.temporary)
      if (auto shared = TRY(share_supervised(request_.runtime_dir, request_.container))) return shared;
    if (request_.temporary) return std::optional<Joined>();
    // A process may end between the listing and our look at it; a later listing does not have it.
    constexpr int attempts = 3;
    for (int attempt = 0; attempt < attempts; ++attempt) {
      auto listed = find_container(TRY(tool_.run(list_processes_command(), &signals_)), request_.container);
      exists_ = listed.exists;
      if (!may_join || listed.processes.empty()) return std::optional<Joined>();
      for (const auto& process : listed.processes)
        if (auto joined = TRY(join_listed(process))) return joined;
    }
    return std::optional<Joined>();
  }

  Result<Joined> attach(Joined running) {
    running.started.attached = true;
    running.started.workdir = request_.workdir.empty() ? "/" : request_.workdir;
    bind_own_mounts(request_, running.namespaces, reporter_);
    return supervise(std::move(running), Fd());
  }

  // The container's name, or the image file that it can be started from.
  Result<std::string> materialise() {
    if (request_.image.empty())
      return fail("no container named " + request_.container + " on this node, and no image to make it from",
                  "give --container-image");
    phase_ = Phase::import;
    tried_ = true;
    if (request_.temporary) TRY(note_owner());
    auto file = TRY(image_file());
    if (file.empty()) return request_.container;  // loaded
    if (request_.temporary && options_.start_from_file && request_.save_path.empty()) return file;
    phase_ = Phase::create;
    TRY(notes_->note_made());
    TRY(tool_.run(create_command(file, request_.container), &signals_));
    TRY(notes_->remove_staging());
    release();
    return request_.container;
  }

  Result<void> note_owner() const {
    auto owner = identify_process(static_cast<pid_t>(request_.owner_pid));
    return owner.ok() ? notes_->note_owner(*owner) : ok();
  }

  // Empty where enroot has made a container without one.
  Result<std::string> image_file() {
    const auto& image = request_.image;
    if (image.front() == '/') return image;
    if (is_address(image))
      return fail("image " + image + ": with engine=enroot there are no image files at an address",
                  "download it, and give its path");
    reporter_.importing(image);
    auto file = TRY(import(image));
    reporter_.imported(image);
    return file;
  }

  Result<std::string> import(const std::string& image) {
    if (!request_.importer.empty()) return importer_.get(image, signals_);
    auto uri = image_uri(image);
    if (options_.load && uri.starts_with("docker://")) {
      TRY(notes_->note_made());
      TRY(tool_.run(load_command(uri, request_.container), &signals_));
      return std::string();
    }
    auto directory = TRY(notes_->make_staging(tool_.environment().get_or("TMPDIR", "/tmp")));
    auto file = directory + "/image.sqsh";
    TRY(tool_.run(import_command(uri, file), &signals_));
    return file;
  }

  Result<Joined> launch(const std::string& what) {
    phase_ = Phase::start;
    auto led = TRY(start_leader(tool_, what, request_, *notes_, signals_, [&](const std::string& line) {
      if (request_.entrypoint_log) reporter_.warn(line);
    }));
    auto joined = supervise(std::move(led.container), std::move(led.output));
    if (joined.ok()) (void)led.process.release();
    return joined;
  }

  // Leaves the supervisor behind; the answer keeps copies of the descriptors.
  Result<Joined> supervise(Joined running, Fd output) {
    auto directory = TRY(RunningDirectory::open(supervisors_path(request_.runtime_dir), request_.container));
    auto listener = TRY(directory.listen());
    running.started.control_socket = listener.path;
    Supervised supervised;
    supervised.request = request_;
    supervised.output = std::move(output);
    supervised.leash = std::move(ends_.leash);
    supervised.farewell = std::move(ends_.farewell);
    supervised.not_kept = notes_->held();
    supervised.joined.started = running.started;
    for (const auto& [kind, fd] : running.namespaces)
      supervised.joined.namespaces.emplace_back(kind, Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)));
    bool of_steps = static_cast<bool>(running.leader);
    supervised.joined.leader = std::move(running.leader);
    supervised.joined.process = std::move(running.process);
    if (of_steps) supervised.use = TRY(notes_->use());
    TRY(start_supervisor(tool_, std::move(supervised), directory, std::move(listener)));
    return running;
  }

  void release() const {
    if (!request_.importer.empty()) (void)importer_.release();
  }

  // What an interrupted import or create has left goes, too.
  void undo() {
    if (!tried_) return (void)leave_container(*notes_);
    release();
    (void)clear_container(tool_, *notes_, request_.container, notes_->made());
  }

  const StartRequest& request_;
  const Options& options_;
  Tool tool_;
  EndSignals signals_;
  Ends ends_;
  Reporter& reporter_;
  Phase& phase_;
  ExternalImporter importer_;
  std::optional<Notes> notes_;
  bool exists_ = false, tried_ = false;
};

}  // namespace

Result<Joined> start_container(const StartRequest& request, const Options& options,
                               const Environment& environment, Ends ends, Reporter& reporter, Phase& phase) {
  auto signals = TRY(EndSignals::watch());
  auto tool = TRY(Tool::find(options.path, tool_environment(environment, request)));
  return Start(request, options, std::move(tool), std::move(signals), std::move(ends), reporter, phase).run();
}

}  // namespace pyxis::enroot
