// What a site says of registries: mirrors, other places, plain http, and what is blocked. The format is that
// of containers-registries.conf(5), version 2: TOML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis {

// What a mirror is asked for: pull-from-mirror.
enum class MirrorUse { all, by_digest, by_tag };

// "HOST[:PORT][/PATH]", as in Reference: docker.io is called docker_hub.
struct RegistryPlace {
  std::string registry, path;
  bool insecure = false;  // plain http where it does not speak TLS
  MirrorUse use = MirrorUse::all;
  std::string where;  // FILE:LINE
};

struct RegistryRule {
  std::string prefix;      // as written
  RegistryPlace match;     // registry may be "*.example.com"
  RegistryPlace location;  // empty registry: where the prefix is
  std::vector<RegistryPlace> mirrors;
  bool blocked = false;
};

// A repository somewhere: what it is asked as there.
struct RegistryEndpoint {
  std::string registry, repository;
  bool insecure = false;
  bool mirror = false;
  MirrorUse use = MirrorUse::all;
};

class RegistriesConf {
 public:
  // Adds what a file says. A rule takes the place of that of an earlier file for the same prefix. Errors name
  // file, line and key: no TOML, an unknown key, a value of another type, a prefix twice.
  Result<void> add(std::string_view text, const std::string& file);

  // Where that repository is to be had: mirrors in order, and the location last. The rule of the longest
  // prefix decides; without one it is where its name says. Error: it is blocked (EPERM), or what it would be
  // called is no name.
  Result<std::vector<RegistryEndpoint>> endpoints(const std::string& registry,
                                                  const std::string& repository) const;
  // The rule for that repository; null: there is none. The repository may be empty.
  const RegistryRule* find(const std::string& registry, const std::string& repository) const;

  bool empty() const { return rules_.empty(); }
  const std::vector<RegistryRule>& rules() const { return rules_; }

 private:
  std::vector<RegistryRule> rules_;
};

}  // namespace pyxis
