// The command lines of an external enroot (engine spec, "Commands"), and the environment it runs with. Pure
// data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "contract/step.h"

namespace pyxis::enroot {

using Arguments = std::vector<std::string>;  // argv[0] included

Arguments version_command();
Arguments list_command();            // names, one a line
Arguments list_processes_command();  // the table
Arguments import_command(const std::string& uri, const std::string& image_file);
// These two replace a container of that name: it can only be what a killed step has left.
Arguments load_command(const std::string& uri, const std::string& name);
Arguments create_command(const std::string& image_file, const std::string& name);
Arguments export_command(const std::string& name, const std::string& image_file);
Arguments remove_command(const std::string& name);

// The program that enroot runs in the container for us: its place on the node, its socket there, and, where
// the image's entry point is to be left out, what stands in for `rc`.
struct Leader {
  std::string program, socket, rc;
};
// Their places in the container, below a tmpfs of their own.
constexpr const char* leader_directory = "/.pyxis";
constexpr const char* leader_program = "/.pyxis/leader";
constexpr const char* leader_socket = "/.pyxis/socket";
// The leader's second argument: enter the working directory that the image's `rc` would.
constexpr const char* leader_enters_workdir = "workdir";
// What stands in for `rc`: it goes on to the command.
constexpr std::string_view rc_without_entrypoint = "exec \"$@\"\n";

// `what`: a container's name, or the path of an image file.
Arguments start_command(const std::string& what, const StartRequest& request, const Leader& leader);

// What `start -m` takes for one of --container-mounts: SOURCE:TARGET:TYPE:OPTIONS, where blanks, colons and
// what would be a variable are written as \ooo.
std::string mount_argument(const MountRequest& mount);

// The environment of enroot: the given one without the job's locale (unless named), with the user's choices
// and what a step cannot be in switched off.
Environment tool_environment(const Environment& given, const StartRequest& request);

// Of the environment that a process has in the container, the container's own part: without what enroot was
// given, and what shells and enroot keep there for themselves. "NAME=value".
std::vector<std::string> container_environment(const Environment& given,
                                               const std::vector<std::string>& inside);

}  // namespace pyxis::enroot
