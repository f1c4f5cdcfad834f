// The files of a configuration directory, as mounts.d, in the order in which they count.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

struct ConfigurationFile {
  std::string name, path;
  Fd file;            // O_PATH
  bool empty_device;  // a link to /dev/null: there, and without content
  bool executable;    // has an x bit
};

// Those with that suffix, sorted by name; hidden ones and what does not exist are none. Refused (EPERM) is
// what others than root and the caller can write, the directory or a file: it decides what the caller
// executes and mounts. What is the caller's own may be writable for his own group. A file that is none is an
// error.
Result<std::vector<ConfigurationFile>> configuration_files(const std::string& directory,
                                                           std::string_view suffix);

// The same, with an error in the place of each file that is refused.
Result<std::vector<Result<ConfigurationFile>>> each_configuration_file(
    const std::string& directory, const std::vector<std::string_view>& suffixes);

// DIRECTORY/NAME, then NAME.d/*SUFFIX, each only if it is there, by the same rules: what they hold.
struct ConfigurationText {
  std::string path, text;
};
Result<std::vector<ConfigurationText>> configuration_with_extras(const std::string& directory,
                                                                 const std::string& name,
                                                                 std::string_view suffix);

// Its content; the error names its path.
Result<std::string> read_configuration_file(const ConfigurationFile& file);

}  // namespace pyxis
