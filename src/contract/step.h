// What the plugin and the engine say to each other about a step's container.
//
//   plugin (task, as the user)                      engine (`pyxis step start`, as the user)
//   StartRequest on descriptor 3          ->
//                                         <-        Event... (importing, imported, log)
//                                         <-        Event started (with namespace descriptors) or failed
//
// Descriptor 4 of the engine is the leash, a stream socket: its other end lives in slurmstepd alone, and
// end-of-file on it says that the step is over. The engine leaves a supervisor behind, which answers every
// further task of the step on a unix socket (Started::control_socket): the task connects, sends JoinRequest
// and gets an Event started as the first did. After the last task slurmstepd lets go of the leash, and the
// supervisor releases or removes the container and writes an answer (contract/answer.h) to the pipe it has as
// descriptor 5. Descriptor 6, where it is open, leads to the node's storage helper (contract/storage.h).
// Where there is no supervisor any more, `pyxis step finish` does that: with a FinishRequest on descriptor 3,
// and its answer on descriptor 5 too. Root reads nothing else of what the user's processes say: both sockets
// are shut down in that direction. When the whole job is over, the node's epilog runs `pyxis step epilog` as
// the job's user in the same way, with an EpilogRequest and no leash.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "contract/message.h"

namespace pyxis {

constexpr int contract_socket_fd = 3;
constexpr int contract_leash_fd = 4;
constexpr int contract_answer_fd = 5;
constexpr int contract_storage_fd = 6;
// Plugin and engine of different releases refuse each other by this number.
constexpr uint64_t contract_version = 9;

// `auto` of --container-name is `any` here (auto is a keyword).
enum class NameMode : uint64_t { any, create, exec, no_exec };

// One --container-mounts entry, relative sources already made absolute. flags: the comma-separated mount
// options. source is an absolute path, "tmpfs" or "umount".
struct MountRequest {
  std::string source, target, flags;
  bool has_path_source() const { return source != "tmpfs" && source != "umount"; }
  auto operator<=>(const MountRequest&) const = default;
};

// Among the flags of a mount that the plugin has added for the step's own sake: it is made in a container
// that is joined, too.
constexpr auto own_mount_option = "x-of-step";

struct StartRequest {
  std::string container;   // engine-side name, "pyxis_..."
  bool temporary = false;  // removed when the step ends
  NameMode mode = NameMode::any;
  std::string image;  // as given by the user; empty: the container must exist
  uint64_t image_good_for =
      0;                 // seconds for which what a tag was resolved to counts (plugstack `image_refresh`)
  std::string importer;  // program that gets images instead of the engine (plugstack `importer`); empty: none
  std::vector<MountRequest> mounts;
  std::string workdir;    // empty: the image's
  std::string save_path;  // absolute: where a SaveRequest is going to come for; empty: none
  std::optional<bool> mount_home, remap_root, writable, entrypoint;
  bool entrypoint_log = false;
  std::vector<std::string> env_names;  // --container-env
  std::vector<std::string> unshare;    // net, ipc, uts
  std::vector<std::string> job_env;    // "NAME=value"
  std::vector<std::string> command;    // the first task's argv
  std::string runtime_dir;             // <runtime_path>/<uid>, exists, 0700, the user's
  uint64_t job_id = 0, step_id = 0;
  int64_t owner_pid = 0;  // slurmstepd
  std::string
      image_digest;  // what srun has found the image's tag to mean, for all nodes; empty: it has not asked
  std::vector<std::string> devices;    // VENDOR/CLASS=NAME (contract/device_name.h)
  bool devices_by_default = false;     // the site's, not the user's: where none is allocated there is none
  std::vector<std::string> env_unset;  // names of variables that the container is not to have

  std::string encode() const;
  static Result<StartRequest> decode(std::string_view body);
};

// The namespaces of a container, in the order of the descriptors of a `started` event; the list says which
// are there.
enum class Namespace : uint64_t { user, mount, cgroup, ipc, uts, net, pid };

// Their files in /proc/PID/ns (namespaces(7)).
inline constexpr std::array<std::pair<Namespace, const char*>, 7> namespace_files = {
    {{Namespace::user, "user"},
     {Namespace::mount, "mnt"},
     {Namespace::cgroup, "cgroup"},
     {Namespace::ipc, "ipc"},
     {Namespace::uts, "uts"},
     {Namespace::net, "net"},
     {Namespace::pid, "pid"}}};

struct Started {
  bool attached = false;               // joined a container that was already running
  std::vector<std::string> env;        // "NAME=value": win over the task's own environment
  std::vector<std::string> env_unset;  // removed from the task's own environment
  std::string workdir;                 // inside the container; where a task chdirs to
  std::string control_socket;          // path outside the container
  std::vector<Namespace> namespaces;   // kinds of the attached descriptors, in order
};

// Before the leash is let go, while the container runs: write it into an image file. `pyxis step save` has
// the request on descriptor 3 and answers on 5.
struct SaveRequest {
  std::string container;
  std::string path;  // absolute; replaced once the new file is complete
  std::string runtime_dir;

  std::string encode() const;
  static Result<SaveRequest> decode(std::string_view body);
};

struct FinishRequest {
  std::string container;
  // Started::control_socket: the supervisor to be ended. Empty where the start was interrupted: then every
  // supervisor that made this container, if it is temporary.
  std::string control_socket;
  bool temporary = false;
  std::string runtime_dir;
  std::string importer;  // as in the StartRequest: to be told that the step is over

  std::string encode() const;
  static Result<FinishRequest> decode(std::string_view body);
};

// Removes what a job has left on the node, whatever killed it. What is already gone is no failure.
struct EpilogRequest {
  std::string name_prefix;     // containers whose engine-side name begins with it
  bool temporary_only = true;  // of those, only the ones that were made temporary
  std::string runtime_dir;
  uint64_t job_id = 0;

  std::string encode() const;
  static Result<EpilogRequest> decode(std::string_view body);
};

// Which part of the work failed: decides the plugin's leading line ("pyxis: failed to import docker image:
// ...").
// `argument`: an option of the step's is wrong; the cause says which, and is all there is to say.
enum class Phase : uint64_t { request, import, create, start, join, save, remove, argument };

struct Event {
  // progress is a line worth printing only where one task owns the terminal; log is always printed.
  enum class Kind : uint64_t { importing, imported, log, failed, started, finished, progress };
  Kind kind = Kind::log;
  std::string text;              // importing, imported: the image; log, progress: a line; failed: the cause
  Phase phase = Phase::request;  // failed
  Started started;               // started

  std::string encode() const;
  static Result<Event> decode(std::string_view body);
};

struct JoinRequest {
  std::string encode() const;
  static Result<JoinRequest> decode(std::string_view body);
};

}  // namespace pyxis
