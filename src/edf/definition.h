// Environment definition files (EDF): what one says, with its bases or without.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/environment_file.h"

namespace pyxis::edf {

// Texts are expanded already (edf/substitution.h).
struct Definition {
  std::string image, workdir;  // empty: not said
  std::vector<std::string> mounts, devices;
  std::optional<bool> entrypoint, writable;
  std::map<std::string, std::string> env;          // empty value: the container is not to have it
  std::map<std::string, std::string> annotations;  // by dotted names: "com.hooks.ssh.enabled"

  bool operator==(const Definition&) const = default;
};

// `over` on top of `base`: mounts and devices come after the base's, tables have both's keys and of equal
// ones the value of `over`, and of everything else what `over` says, if it does.
Definition merged(Definition base, const Definition& over);

// As a file without bases that means the same. Dollar signs are doubled, so that it can be read again.
std::string render(const Definition& definition);

// As srun passes it on. Errors: it is longer than that can be.
Result<EnvironmentFile> for_srun(const Definition& definition, const std::string& argument,
                                 const std::string& path);

}  // namespace pyxis::edf
