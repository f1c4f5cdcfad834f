// What `pyxis-ask registry` has found out about a registry, for who only wants to know how it stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis {

struct RegistryReport {
  std::string registry;                // host or host:port, in its canonical form
  std::vector<std::string> addresses;  // of its name
  std::string name_error;              // why there are none
  std::string proxy;                   // by which it is asked, without user and password; empty: none
  std::string not_by_proxy;            // `no_proxy`, where that keeps it from being asked by one

  std::string url;  // at which it answers; empty: not at all, see reach_error
  std::string reach_error, reach_remedy;
  uint64_t status = 0;  // of the answer, before anybody has logged in
  std::string words;    // of one that is no registry's

  bool dated = false;  // the answer says when it was given
  int64_t ahead = 0;   // seconds by which this node's clock is ahead of that

  bool wants_login = false;
  std::string identity;  // "user me (from FILE)"; empty: there are no credentials
  bool admitted = false;
  std::string login_error, login_remedy;

  std::string asked;                // in place of it, as the site says; empty: itself
  std::vector<std::string> policy;  // what the site says of mirrors and the like, a line each
  std::string certificates;         // directory with certificates for it alone

  std::string encode() const;
  static Result<RegistryReport> decode(std::string_view body);
};

}  // namespace pyxis
