// What devices ask to have changed in a container: plain data.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace pyxis::cdi {

// Paths are absolute and, in the container, without "..". `origin` of all of these is what messages begin
// with: "FILE: device 'NAME'".
struct DeviceNode {
  std::string path;       // in the container
  std::string host_path;  // the node's
  char type = 0;          // b, c, or p, a named pipe; 0: not said
  std::optional<uint64_t> major, minor;
  std::string origin;

  bool operator==(const DeviceNode& other) const {
    return path == other.path && host_path == other.host_path;
  }
};

// A bind; the options are words of mount(8).
struct Mount {
  std::string host_path, container_path;
  std::vector<std::string> options;
  std::string origin;

  bool operator==(const Mount& other) const {
    return host_path == other.host_path && container_path == other.container_path && options == other.options;
  }
};

// When hooks run, which is in this order.
enum class HookStage { prestart, create_runtime, create_container, start_container };
std::string stage_name(HookStage stage);  // as specifications have it

struct Hook {
  HookStage stage = HookStage::prestart;
  std::string path;
  std::vector<std::string> arguments;    // argv[0] included
  std::vector<std::string> environment;  // all of it
  std::optional<std::chrono::seconds> limit;
  std::string origin;

  bool operator==(const Hook& other) const {
    return stage == other.stage && path == other.path && arguments == other.arguments &&
           environment == other.environment;
  }
};

struct Edits {
  std::vector<std::string> environment;  // "NAME=value"
  std::vector<DeviceNode> nodes;
  std::vector<Mount> mounts;
  std::vector<Hook> hooks;
  std::vector<gid_t> groups;
  std::vector<std::string> impossible;  // what this engine cannot do: "FILE: device 'NAME': intelRdt"

  bool empty() const;
  // Takes in what comes after: of variables and nodes in one place the later one counts, and what is there
  // already is not there twice.
  void add(const Edits& later);
};

}  // namespace pyxis::cdi
