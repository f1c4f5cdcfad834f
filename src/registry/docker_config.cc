#include "registry/docker_config.h"

#include <nettle/base64.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "contract/reference.h"
#include "image/json_fields.h"

namespace pyxis {
namespace {

Result<std::string> decode_base64(std::string_view text) {
  std::string padded(trim(text));
  while (padded.size() % 4 != 0) padded += '=';
  std::string out(BASE64_DECODE_LENGTH(padded.size()), '\0');
  size_t length = out.size();
  base64_decode_ctx context;
  base64_decode_init(&context);
  bool decoded = base64_decode_update(&context, &length, reinterpret_cast<uint8_t*>(out.data()),
                                      padded.size(), padded.data()) &&
                 base64_decode_final(&context);
  if (!decoded) return fail("field 'auth' is not base64");
  out.resize(length);
  while (out.ends_with('\0')) out.pop_back();  // as Docker does
  return out;
}

Result<DockerAuth> read_auth(const json::Value& value) {
  DockerAuth auth;
  auth.auth = TRY(json::text(value, "auth"));
  auth.user = TRY(json::text(value, "username"));
  auth.secret = TRY(json::text(value, "password"));
  auth.identity_token = TRY(json::text(value, "identitytoken"));
  auth.registry_token = TRY(json::text(value, "registrytoken"));
  return auth;
}

Result<Credential> to_credential(const DockerAuth& auth) {
  Credential out;
  out.user = auth.user;
  out.secret = auth.secret;
  out.identity_token = auth.identity_token;
  out.registry_token = auth.registry_token;
  if (auth.auth.empty()) return out;
  auto pair = TRY(decode_base64(auth.auth));
  auto colon = pair.find(':');
  if (colon == pair.npos || pair.find('\0') != pair.npos)
    return fail("field 'auth' is not USER:SECRET in base64");
  out.user = pair.substr(0, colon);
  out.secret = pair.substr(colon + 1);
  return out;
}

}  // namespace

std::string normal_registry_key(std::string_view key) {
  auto scheme = key.find("://");
  if (scheme != key.npos) key.remove_prefix(scheme + 3);
  auto drop_end = [&](std::string_view end) {
    if (key.ends_with(end)) key.remove_suffix(end.size());
  };
  drop_end("/");
  drop_end("/v1");
  drop_end("/v2");
  auto slash = std::min(key.find('/'), key.size());
  auto host = to_lower(key.substr(0, slash));
  constexpr std::array hub_names = {"docker.io", "index.docker.io", "registry-1.docker.io",
                                    "registry.hub.docker.com"};
  if (std::ranges::find(hub_names, host) != hub_names.end()) host = docker_hub;
  return host + std::string(key.substr(slash));
}

Result<DockerConfig> parse_docker_config(std::string_view bytes) {
  DockerConfig config;
  if (trim(bytes).empty()) return config;
  auto document = json::parse(bytes);
  // What it holds is not shown: it may be a secret.
  if (!document.is_object()) return fail("it is not a JSON object", "log in again, which writes it anew");
  config.store = TRY(json::text(document, "credsStore"));
  if (const auto* helpers = json::member(document, "credHelpers"); helpers && helpers->is_object())
    for (const auto& [key, name] : helpers->items())
      if (name.is_string()) config.helpers[normal_registry_key(key)] = name.get<std::string>();
  if (const auto* auths = json::member(document, "auths"); auths && auths->is_object())
    for (const auto& [key, value] : auths->items())
      config.auths[normal_registry_key(key)] =
          TRY_CONTEXT(read_auth(value), "entry '" + printable(key) + "'");
  return config;
}

Result<std::optional<Credential>> find_auth(const DockerConfig& config, const CredentialQuery& query) {
  std::string key = query.registry + "/" + query.repository;
  for (;;) {
    auto found = config.auths.find(key);
    if (found != config.auths.end()) {
      auto credential = TRY_CONTEXT(to_credential(found->second), "entry '" + printable(key) + "'");
      bool empty =
          credential.user.empty() && credential.identity_token.empty() && credential.registry_token.empty();
      bool fits = query.user.empty() || query.user == credential.user;
      if (!empty && fits) return std::optional(std::move(credential));
    }
    auto slash = key.rfind('/');
    if (slash == key.npos) return std::optional<Credential>{};
    key.resize(slash);
  }
}

std::optional<HelperChoice> find_helper(const DockerConfig& config, const std::string& registry) {
  auto found = config.helpers.find(registry);
  if (found != config.helpers.end() && !found->second.empty()) return HelperChoice{found->second, true};
  if (!config.store.empty()) return HelperChoice{config.store, false};
  return std::nullopt;
}

Result<Credential> parse_helper_answer(std::string_view bytes) {
  auto document = json::parse(bytes);
  if (!document.is_object()) return fail("its answer is not a JSON object");
  Credential out;
  out.user = TRY(json::text(document, "Username"));
  out.secret = TRY(json::text(document, "Secret"));
  if (out.secret.empty()) return fail("its answer has no 'Secret'");
  if (out.user == "<token>") {
    out.identity_token = std::move(out.secret);
    out.user.clear();
    out.secret.clear();
  }
  return out;
}

}  // namespace pyxis
