// Docker's config.json and containers' auth.json: one format (docker-login(1), containers-auth.json(5)).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/credentials.h"

namespace pyxis {

struct DockerAuth {
  std::string auth;  // base64 of "user:secret"
  std::string user, secret, identity_token, registry_token;
};

struct DockerConfig {
  std::map<std::string, DockerAuth> auths;     // key as normal_registry_key() gives it
  std::map<std::string, std::string> helpers;  // credHelpers: key → NAME
  std::string store;                           // credsStore: NAME for every other registry
};

Result<DockerConfig> parse_docker_config(std::string_view bytes);

// "https://index.docker.io/v1/" → "registry-1.docker.io", "https://Host:5000/" → "host:5000", "quay.io/ns" as
// it is.
std::string normal_registry_key(std::string_view key);

// The most specific entry: registry/name/space, registry/name, registry. Nothing where there is none, its
// user is another one, or it is empty (Docker leaves empty entries beside a credsStore). Error: base64 that
// is none.
Result<std::optional<Credential>> find_auth(const DockerConfig& config, const CredentialQuery& query);

struct HelperChoice {
  std::string name;  // docker-credential-NAME
  bool own = false;  // configured for this registry, not for all of them
};
std::optional<HelperChoice> find_helper(const DockerConfig& config, const std::string& registry);

// What `docker-credential-NAME get` prints: {"Username": ..., "Secret": ...}; the user "<token>" marks a
// refresh token.
Result<Credential> parse_helper_answer(std::string_view bytes);

}  // namespace pyxis
