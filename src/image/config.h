// Image configuration (OCI image-spec, config.md): what a container of the image is started with.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/digest.h"
#include "image/platform.h"

namespace pyxis {

struct ImageConfig {
  std::string architecture, os, variant;  // empty where the image does not say
  std::vector<std::string> env;           // "NAME=value", in order
  std::vector<std::string> entrypoint, cmd;
  std::string working_dir, user;
  std::vector<std::string> volumes;  // paths in the container, sorted
  std::map<std::string, std::string> labels;
  std::vector<Digest>
      diff_ids;  // of the uncompressed layers, lowest first; empty where the image does not say
};

// Absent and null fields are empty. Errors: not JSON, a field of the wrong type, a NUL in a text, an Env
// entry without a name, more than max_layers diff_ids, more than max_config_bytes.
Result<ImageConfig> parse_config(std::string_view bytes);

// Error where the image says that it is for another operating system or architecture than `wanted`; variants
// are not compared, tools fill them in too loosely.
Result<void> check_platform(const ImageConfig& config, const Platform& wanted);

}  // namespace pyxis
