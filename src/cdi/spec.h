// One specification of the Container Device Interface: what a vendor says of devices of one kind
// (https://github.com/cncf-tags/container-device-interface, SPEC.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cdi/document.h"
#include "cdi/edits.h"

namespace pyxis::cdi {

constexpr size_t longest_spec = 1 << 20;

struct Device {
  std::string name;
  Edits edits;
};

struct Spec {
  std::string path;
  std::string kind;  // VENDOR/CLASS
  Edits edits;       // once, if any of the devices is used
  std::vector<Device> devices;

  const Device* find(std::string_view name) const;
};

// JSON, or, where the path does not end in ".json", YAML.
Result<Value> parse_document(std::string_view text, const std::string& path);

// The kind that it says it is of, as far as it can be told of one that may be broken; empty: it cannot.
std::string kind_of(const Value& document);

// Errors read "FILE: where: what is wrong". Versions from 0.3.0 to 1.1.0 are known. Known and of no effect,
// for a user cannot have them: fileMode, uid, gid and permissions of device nodes, which are as the node has
// them. Known and impossible here: netDevices, intelRdt, and hooks poststart and poststop; see
// Edits::impossible.
Result<Spec> parse_spec(const Value& document, const std::string& path);

}  // namespace pyxis::cdi
