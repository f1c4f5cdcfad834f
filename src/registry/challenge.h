// WWW-Authenticate: what a registry wants to see (RFC 9110, 11.6.1).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pyxis {

struct Challenge {
  std::string scheme;                             // lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters;  // names in lower case, quotes and escapes removed

  std::string parameter(const std::string& name) const;  // "" where absent
};

// Every challenge of one header value. Lenient: what makes no sense is passed over, never an error; at most
// 16 challenges with 32 parameters each.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace pyxis
