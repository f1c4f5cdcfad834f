// A container's namespaces with its root in place: made in a child process, handed over as descriptors.
//
// The order is that of the engine spec, "Start-up, in order": namespaces, root, the image's own mounts, early
// mounts, prepare, late mounts, complete, read-only, pivot. Nothing of the image is executed, unless
// `entered` does.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "contract/step.h"
#include "sandbox/fstab.h"
#include "sandbox/rootfs.h"

namespace pyxis {

// What the `prepare` step of a plan works with, in the child.
struct Preparation {
  int rootfs = -1;               // the root's top directory, O_PATH; write with open_in_root and friends
  std::string rootfs_path;       // the same by path, for programs
  std::vector<MountEntry> late;  // the plan's late mounts; may be added to
  std::string workdir;           // made once all is mounted, where it is missing; empty: none
  std::string report;            // handed to the parent as Sandbox::report
};

struct SandboxPlan {
  bool remap_root = false;       // the user appears as uid and gid 0
  bool superuser = false;        // for root alone: no user namespace, and the privilege that goes with it
  bool writable = true;          // false: the root (not what is mounted in it) is read-only in the end
  std::vector<Namespace> extra;  // beside user and mount: cgroup, ipc, uts, net, pid
  RootSpec root;
  std::string mount_point;  // an empty directory of the user's; nothing is written in it
  // What the image, whose root is `rootfs` (O_PATH), wants mounted: below all other mounts. It runs where
  // `prepare` does.
  std::function<Result<std::vector<MountEntry>>(int rootfs)> image_mounts;
  std::vector<MountEntry> early, late;
  // Runs between early and late mounts, before pivot_root, with all capabilities inside the namespaces;
  // programs it executes have them too. It is in a fork: only `report` and an Error come back.
  std::function<Result<void>(Preparation&)> prepare;
  // Runs in the same way once all is mounted, before the root becomes read-only.
  std::function<Result<void>(const Preparation&)> complete;
  // Runs at the very end, in the container's root, still with all capabilities: programs it executes are the
  // container's.
  std::function<Result<void>()> entered;
  std::string hostname;  // with Namespace::uts only; empty: the host's
};

using NamespaceSet = std::vector<std::pair<Namespace, Fd>>;  // user, if there is one, and mount first

// True where processes in these namespaces have one id, mapped, and no privilege outside.
bool confines_privilege(const NamespaceSet& namespaces);

// The command name (PR_SET_NAME) of a pid namespace's init.
inline constexpr auto sandbox_init_name = "pyxis-init";

struct Sandbox {
  NamespaceSet namespaces;
  Fd root;             // the container's "/", O_PATH
  std::string report;  // what `prepare` left
  // With Namespace::pid only: its init, which reaps and ends (and with it all processes in it) when the last
  // copy of `leash` is closed, or this handle dies.
  Child init;
  Fd leash;
};

// Forks a child that makes it all and ends (or becomes the pid namespace's init); it dies with the caller
// until then, and a failure leaves nothing. The caller must be single-threaded. Errors come back whole,
// message, remedy and errno.
Result<Sandbox> create_sandbox(const SandboxPlan& plan);

// A program to run inside. argv[0] without a slash is searched in the PATH of `environment`, inside the
// container.
struct SandboxCommand {
  std::vector<std::string> argv;
  std::string program;  // executed under the name argv[0], not searched; empty: argv[0] itself
  std::vector<std::string> environment;
  std::string workdir = "/";
  bool keep_capabilities = false;  // remapped to root: kept, within the user namespace
  // chown, setuid and their like succeed without doing anything (nsjoin/seccomp.h).
  bool pretend_ownership = false;
  // run_in_sandbox: told why the program could not be executed; the exit status is then a shell's, 127 (not
  // found) or 126. Without it, that is an error like others.
  std::function<void(const Error&)> not_executed;
  // Called inside, with the privilege of the command: argv and program can be chosen by what is there.
  std::function<Result<void>(SandboxCommand&)> complete;
};

// Joins the namespaces and executes the command in a child: forwards signals sent to this process, waits, and
// gives the wait status (waitpid(2)). The child is killed if this process dies. The caller must be
// single-threaded.
Result<int> run_in_sandbox(const NamespaceSet& namespaces, const SandboxCommand& command);

// The same without waiting for its end: the child is the caller's. Returns once the program has been
// executed. A process that has threads may call this. Not for a set with a pid namespace.
Result<Child> start_in_sandbox(const NamespaceSet& namespaces, const SandboxCommand& command);

// The namespaces of a running process, those of the given kinds, user first.
Result<NamespaceSet> open_namespaces(pid_t pid, const std::vector<Namespace>& kinds);

}  // namespace pyxis
