#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/fs.h"
#include "base/pipe.h"
#include "contract/answer.h"
#include "contract/image_file_name.h"
#include "spank/engine.h"

namespace pyxis::spank {
namespace {

using std::chrono::seconds;

// How long the engine may take to end once it has answered, and a supervisor to answer.
constexpr seconds exit_deadline{10};
constexpr seconds join_deadline{60};
// Clean-up holds up slurmstepd and slurmd, so all of it together ends before Slurm loses patience with a
// step (UnkillableStepTimeout, 60 s by default). What is not removed by then is by the next step's start.
constexpr seconds farewell_deadline{25};
constexpr seconds finish_deadline{15};
constexpr seconds epilog_deadline{40};
constexpr seconds no_deadline = std::chrono::hours(24 * 20);  // poll(2) counts milliseconds in an int

// Reaps the engine, which has answered or closed its socket; kills it where it lingers.
std::optional<int> end_of(Child child) {
  return child.end_within(exit_deadline);
}

std::string describe_end(std::optional<int> status) {
  return status ? describe_wait_status(*status) : "it could not be killed";
}

// As Slurm ends all processes of a step that is cancelled, the engine's too.
bool ended_by(std::optional<int> status, std::initializer_list<int> signals) {
  return status && WIFSIGNALED(*status) && std::ranges::find(signals, WTERMSIG(*status)) != signals.end();
}

void set_receive_deadline(int socket, seconds limit) {
  timeval value{limit.count(), 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
}

bool end_of_stream(const Error& error) {
  return error.code == ECONNRESET || error.code == EPIPE;
}
bool timed_out(const Error& error) {
  return error.code == EAGAIN || error.code == EWOULDBLOCK;
}

Result<std::pair<Event, std::vector<Fd>>> receive_event(int socket) {
  auto message = TRY(receive_message(socket));
  auto event = TRY(Event::decode(message.body));
  return std::pair{std::move(event), std::move(message.descriptors)};
}

// A program of ours that speaks the contract: `pyxis`, or the driver of an enroot.
class EngineProgram : public Engine {
 public:
  // `options` follow the verb.
  EngineProgram(std::string path, std::vector<std::string> options)
      : path_(std::move(path)), options_(std::move(options)) {}

  Result<Container> start(const StartRequest& request, const EngineProcess& process, const Ties& ties,
                          const Listener& listener) override;
  Result<Container> join(const std::string& control_socket) override;
  void reap(Child engine) override { end_of(std::move(engine)); }
  Result<void> save(const SaveRequest& request, const EngineProcess& process) override {
    return run_to_end("save", request.encode(), process, no_deadline);
  }
  Result<void> finish(const FinishRequest& request, const EngineProcess& process, int farewell) override {
    // A program is started only where the supervisor has died, or hangs.
    if (farewell >= 0 && read_answer(farewell, farewell_deadline).ok()) return ok();
    auto done = run_to_end("finish", request.encode(), process, finish_deadline);
    if (!done.ok())
      return std::move(done).error().context("couldn't clean up container " + request.container);
    return ok();
  }
  Result<void> epilog(const EpilogRequest& request, const EngineProcess& process) override {
    return run_to_end("epilog", request.encode(), process, epilog_deadline);
  }

 private:
  Result<Child> spawn_engine(const std::string& verb, const EngineProcess& process, int socket,
                             const Ties& ties);
  Result<void> run_to_end(const std::string& verb, const std::string& body, const EngineProcess& process,
                          seconds deadline);

  std::string path_;
  std::vector<std::string> options_;
};

// The engine's stdin is no task's, and its stdout would mix with the task's, so that goes to stderr.
// With a leash, which only ends with slurmstepd, it also gets SIGTERM when the task that started it dies
// during the import, and can then remove what it has half done. Its supervisor, a child, does not inherit
// that (prctl(2)). A save ends with its task, too. Clean-up goes on whoever dies.
Result<Child> EngineProgram::spawn_engine(const std::string& verb, const EngineProcess& process, int socket,
                                          const Ties& ties) {
  auto null = TRY(open_path("/dev/null", O_RDWR));
  SpawnRequest request;
  request.program = path_;
  request.arguments = {path_.substr(path_.rfind('/') + 1), "step", verb};
  request.arguments.insert(request.arguments.end(), options_.begin(), options_.end());
  request.environment = process.environment;
  int log = process.identity ? null.get() : STDERR_FILENO;  // root's own log is not the user's to write to
  request.descriptors = {
      {null.get(), STDIN_FILENO}, {log, STDOUT_FILENO}, {log, STDERR_FILENO}, {socket, contract_socket_fd}};
  if (ties.leash >= 0) request.descriptors.emplace_back(ties.leash, contract_leash_fd);
  if (ties.farewell >= 0) request.descriptors.emplace_back(ties.farewell, contract_answer_fd);
  if (ties.storage >= 0) request.descriptors.emplace_back(ties.storage, contract_storage_fd);
  request.directory = "/";
  request.close_others = true;
  if (ties.leash >= 0 || verb == "save") request.parent_death_signal = SIGTERM;
  request.no_new_privileges = process.identity.has_value();
  request.identity = process.identity;
  return spawn(request);
}

Result<Container> EngineProgram::start(const StartRequest& request, const EngineProcess& process,
                                       const Ties& ties, const Listener& listener) {
  auto couldnt_start = [&](const std::string& cause) {
    return fail(failure_headline(Phase::start, request.container, request.image) + "\n" + cause);
  };
  auto pair = make_socket_pair();
  if (!pair.ok()) return couldnt_start(pair.error().text());
  auto child = spawn_engine("start", process, pair->theirs.get(), ties);
  if (!child.ok())
    return couldnt_start(child.error().text() +
                         "; ask the administrator to check the installation of Pyxis, and " +
                         "pyxis_path in plugstack.conf");
  pair->theirs.reset();
  // Where the engine dies before it has read the request, the answer below says so.
  auto sent = send_message(pair->ours.get(), request.encode());
  if (!sent.ok() && !end_of_stream(sent.error())) return couldnt_start(sent.error().text());
  for (;;) {
    auto answer = receive_event(pair->ours.get());
    if (!answer.ok()) {
      auto error = couldnt_start("answer of the engine " + path_ + ": " + answer.error().text());
      if (end_of_stream(answer.error())) {
        auto end = end_of(std::move(*child));
        error = ended_by(end, {SIGINT, SIGTERM, SIGHUP})
                    ? fail("the start of the container was cancelled")
                    : couldnt_start("the engine " + path_ + " ended without an answer: " + describe_end(end));
      }
      error.code = engine_died;
      return error;
    }
    auto& [event, descriptors] = *answer;
    if (event.kind == Event::Kind::failed) {
      end_of(std::move(*child));
      if (event.phase == Phase::argument) return fail(event.text);
      return fail(failure_headline(event.phase, request.container, request.image) + "\n" + event.text);
    }
    if (event.kind == Event::Kind::started) {
      return Container{std::move(event.started), std::move(descriptors), std::move(*child)};
    }
    listener(event);
  }
}

Result<Fd> connect_to(const std::string& path) {
  // sun_path holds 108 bytes, a path may hold more: name the socket through its directory.
  auto slash = path.rfind('/');
  auto directory = TRY(open_path(path.substr(0, slash + 1), O_PATH | O_DIRECTORY));
  auto short_path = fd_path(directory.get()) + "/" + path.substr(slash + 1);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (short_path.size() >= sizeof address.sun_path) return sys_error(path, ENAMETOOLONG);
  short_path.copy(address.sun_path, sizeof address.sun_path - 1);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return sys_error("socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return sys_error("connect to " + path);
  return socket;
}

Result<Container> EngineProgram::join(const std::string& control_socket) {
  auto failed = [](const std::string& cause) { return fail("couldn't join the step's container\n" + cause); };
  auto socket = connect_to(control_socket);
  if (!socket.ok()) return failed("the container's supervisor is gone (" + socket.error().text() + ")");
  set_receive_deadline(socket->get(), join_deadline);
  auto sent = send_message(socket->get(), JoinRequest{}.encode());
  if (!sent.ok()) return failed("the container's supervisor is gone (" + sent.error().text() + ")");
  auto answer = receive_event(socket->get());
  if (!answer.ok() && timed_out(answer.error()))
    return failed("the container's supervisor did not answer within " +
                  std::to_string(join_deadline.count()) + " s");
  if (!answer.ok()) return failed("the container's supervisor: " + answer.error().text());
  if (answer->first.kind != Event::Kind::started) return failed(answer->first.text);
  return Container{std::move(answer->first.started), std::move(answer->second), Child()};
}

Result<void> EngineProgram::run_to_end(const std::string& verb, const std::string& body,
                                       const EngineProcess& process, seconds deadline) {
  auto pair = TRY(make_socket_pair());
  if (::shutdown(pair.ours.get(), SHUT_RD) != 0) return sys_error("shutdown");  // see contract/answer.h
  auto answer = TRY(make_pipe());
  auto child = TRY(spawn_engine(verb, process, pair.theirs.get(), {-1, answer.writer.get()}));
  pair.theirs.reset();
  answer.writer.reset();
  // Where the engine dies before it has read the request, the answer below says so.
  auto sent = send_message(pair.ours.get(), body);
  if (!sent.ok() && !end_of_stream(sent.error())) {
    reap(std::move(child));
    return sent;
  }
  auto done = read_answer(answer.reader.get(), deadline);
  int code = done.ok() ? 0 : done.error().code;
  auto end = end_of(std::move(child));
  if (code == ETIMEDOUT)
    return fail("the engine did not end within " + std::to_string(deadline.count()) +
                " s: " + describe_end(end));
  if (code != ECONNRESET) return done;
  auto error = fail("the engine " + path_ + " ended without an answer: " + describe_end(end));
  if (ended_by(end, {SIGKILL, SIGINT, SIGTERM, SIGHUP})) error.code = ECANCELED;
  return error;
}

}  // namespace

std::unique_ptr<Engine> pyxis_engine(std::string path) {
  return std::make_unique<EngineProgram>(std::move(path), std::vector<std::string>());
}

std::unique_ptr<Engine> enroot_engine(const EnrootOptions& options) {
  std::vector<std::string> words;
  if (!options.enroot_path.empty()) words.push_back("--enroot=" + options.enroot_path);
  if (options.load) words.emplace_back("--load");
  if (options.start_from_file) words.emplace_back("--start-from-file");
  return std::make_unique<EngineProgram>(options.driver, std::move(words));
}

std::unique_ptr<Engine> engine_of(const Config& config) {
  if (config.engine == EngineKind::pyxis) return pyxis_engine(config.pyxis_path);
  // Both are installed below one prefix.
  auto directory = config.pyxis_path.substr(0, config.pyxis_path.rfind('/'));
  return enroot_engine({directory + "/../libexec/pyxis-enroot", config.enroot_path, config.use_enroot_load,
                        config.use_squashfuse});
}

std::string failure_headline(Phase phase, const std::string& container, const std::string& image) {
  switch (phase) {
    case Phase::import:
      return "failed to import docker image: " + without_query(image);
    case Phase::create:
      return "failed to create container filesystem: " + container;
    case Phase::join:
      return "couldn't join container: " + container;
    case Phase::save:
      return "failed to save container: " + container;
    case Phase::remove:
      return "failed to remove container: " + container;
    case Phase::request:
    case Phase::start:
    case Phase::argument:
      break;
  }
  return "couldn't start container";
}

}  // namespace pyxis::spank
