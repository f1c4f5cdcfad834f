// Who a registry is asked as, and where that was written (spec/engine.md, "Registries").
//
// In this order: .credentials (netrc), Docker's config.json with its helpers, containers' auth.json. The
// first place that has an entry for the registry (and for the user, where one is asked for) decides.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"

namespace pyxis {

struct Credential {
  std::string user, secret;    // for Basic, and for asking a token server
  std::string identity_token;  // an OAuth2 refresh token, instead of a secret
  std::string registry_token;  // a ready Bearer token
  std::string source;          // "/home/me/.docker/config.json", "docker-credential-pass (from ...)"

  std::string describe() const;  // "user me (from SOURCE)": no secret in it
};

struct CredentialQuery {
  std::string registry;    // as in Reference
  std::string repository;  // auth.json may have entries for parts of a registry
  std::string user;        // "" for any
  // The host of the registry's token server, where a netrc entry may be for that (machine auth.docker.io). It
  // is used only if it belongs to the registry, see realm_belongs_to_registry().
  std::string realm_host;
};

struct CredentialLookup {
  std::optional<Credential> found;
  // What a user should know: a file others can read, a helper that failed. Without secrets.
  std::vector<std::string> warnings;
};

struct CredentialPlaces {
  std::string netrc;          // $ENROOT_CONFIG_PATH/.credentials
  std::string docker_config;  // $DOCKER_CONFIG/config.json or ~/.docker/config.json
  std::vector<std::string>
      auth_files;           // $REGISTRY_AUTH_FILE, or the two usual places of containers' auth.json
  Environment environment;  // for helpers and expressions

  static CredentialPlaces of(const Environment& environment);
  std::string list() const;  // for messages: "FILE, FILE and FILE"
};

// Files that do not exist are passed over. Errors: an unreadable or malformed file; the entry's shell
// expression or the helper of its own registry fails (with what it printed on stderr).
Result<CredentialLookup> find_credential(const CredentialPlaces& places, const CredentialQuery& query,
                                         const std::stop_token& stop = {});

// True where credentials filed under the token server's host may be used for the registry: the same host, or
// a pair known to belong together (Docker Hub's registry-1.docker.io and auth.docker.io, ...). That one is
// the parent domain of the other says nothing: any host of a site could send us to the site's token server
// and be handed the token, or be a token server that is handed the secret.
bool realm_belongs_to_registry(const std::string& realm_host, const std::string& registry);

}  // namespace pyxis
