// What a check says of the node: plain data, which a child process hands to its parent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis::doctor {

// fail: containers do not start, or something that is set up does not work or is not safe. warn: they work,
// but slower than they could, or not for long. skip: this could not be tried, and why.
enum class Verdict { pass, warn, fail, skip };

const char* verdict_name(Verdict verdict);

struct Finding {
  std::string check;  // "user namespaces"; the same on every node
  Verdict verdict = Verdict::pass;
  std::string fact;    // what was found
  std::string remedy;  // what to do about it: "run: COMMAND" where a command does; empty where all is well
  std::string group;   // "kernel"
};
using Findings = std::vector<Finding>;

std::string encode(const Findings& findings);
Result<Findings> decode(std::string_view body);

}  // namespace pyxis::doctor
