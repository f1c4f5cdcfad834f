// What an enroot program prints, read: its version, and its containers with their processes. Pure data.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis::enroot {

struct Version {
  unsigned major = 0, minor = 0, patch = 0;
  auto operator<=>(const Version&) const = default;
};
constexpr Version oldest_version{3, 1, 0};

// The first line of `enroot version`: "3.4.1", and what may follow a third number ("4.0.0-1"). Nothing where
// it is not of that form.
std::optional<Version> parse_version(std::string_view printed);
// Error where `program`, which has printed this, is older than `oldest_version`, or cannot be told to be
// newer.
Result<void> check_version(const std::string& program, std::string_view printed);

// The lines of `enroot list`.
std::vector<std::string> listed_names(std::string_view printed);

// A process of a container: a line of the table that `enroot list -f` prints.
struct ListedProcess {
  pid_t pid = 0;
  // All whole numbers that follow the pid; the inodes of its mount and user namespaces are two of them.
  // (COMM, STARTED and COMMAND may hold blanks, so columns cannot be counted.)
  std::vector<unsigned long long> numbers;
  bool mentions(unsigned long long number) const;
};

struct ListedContainer {
  bool exists = false;
  std::vector<ListedProcess> processes;  // in the order listed; none: it does not run
};

// The lines of one container: that with its name, and those without a name which follow.
ListedContainer find_container(std::string_view table, std::string_view name);

}  // namespace pyxis::enroot
