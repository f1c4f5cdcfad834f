// What the checks are given: who asks, what is set, and where the node's files are.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/fs.h"
#include "base/result.h"
#include "engine/settings.h"

namespace pyxis::doctor {

// An image that is in the user's store.
struct ImageToCheck {
  std::string config;               // as downloaded
  std::vector<std::string> layers;  // directories, top first
};

struct Context {
  Environment environment;
  Result<Settings> settings = fail("not read");
  std::vector<std::string> registries;  // to be asked, as given
  uid_t uid = 0;                        // whose process this is
  std::string root;                     // before the paths of files that are read: a stand-in in tests

  bool is_root() const { return uid == 0; }
  std::string path(std::string_view absolute) const { return root + std::string(absolute); }
};

Context make_context(const Environment& environment, std::vector<std::string> registries);

// The number that a file of the kernel's holds; nothing where there is no such file.
std::optional<long long> number_in(const Context& context, std::string_view path);
bool exists(const Context& context, std::string_view path);

// What to do about what others than root can change.
std::string keep_for_root(const Changeable& what);

// The first executable NAME in PATH of the environment, and then in the directories that daemons' programs
// are in, which users often do not have there; empty: none.
std::string find_program(const Context& context, const std::string& name);

// The path as people are told it: without links and `..`.
std::string plain_path(const std::string& path);

// What it prints on stdout; the error has what it said on stderr instead.
Result<std::string> output_of(const Context& context, const std::vector<std::string>& words);

}  // namespace pyxis::doctor
