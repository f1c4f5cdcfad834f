// The netrc format of .credentials: `machine HOST login USER password SECRET` (spec/engine.md, "Registries").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis {

struct NetrcEntry {
  std::string machine;  // "" for the `default` entry
  std::string login, password;
  bool expression = false;  // password begins with '$': a shell expression, as it stands in the file
  int line = 0;             // of `machine`
};

// Entries in the order of the file. A '#' where a keyword may stand begins a comment; values may be in double
// quotes with \ before a quote or backslash; `account` and `macdef` are skipped; an expression reaches to the
// blank after its balanced parentheses. Errors name the line and never a value.
Result<std::vector<NetrcEntry>> parse_netrc(std::string_view text);

}  // namespace pyxis
