// How one repository of one registry is asked: the Authorization header, obtained when the registry demands
// it (distribution token specification: Bearer; RFC 7617: Basic).
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/http.h"

namespace pyxis {

struct AuthTarget {
  std::string registry, repository, user;  // as in Reference; repository empty: only who it is, no rights
};

// Safe for many threads: one of them asks for a token, the others wait for it.
class Authenticator {
 public:
  using Warn = std::function<void(std::string_view)>;
  Authenticator(Http& http, const CredentialPlaces& places, AuthTarget target, Warn warn);

  // The value to send, "" before the registry demanded one.
  std::string authorization();
  // The registry took it: if it refuses it later, it has expired.
  void accepted(const std::string& used);
  // After a 401 to a request sent with `used`: true if authorization() is now another one and the request may
  // be sent again, false if there is nothing better to send. Errors: credentials cannot be read; the token
  // server cannot be reached or refuses; a secret would go over plain http although the registry is on https.
  Result<bool> renew(const HttpResponse& refused, const std::string& used, const std::stop_token& stop);

  // Credential::describe() of what is used, "" for anonymous.
  std::string identity();

 private:
  Result<void> look_up(const std::string& realm_host, const std::stop_token& stop);
  Result<std::string> answer_bearer(const Challenge& challenge, const Url& registry,
                                    const std::stop_token& stop);
  Result<HttpRequest> token_request(const Challenge& challenge, const Url& registry,
                                    const std::stop_token& stop);

  Http& http_;
  const CredentialPlaces& places_;
  AuthTarget target_;
  Warn warn_;
  std::mutex mutex_;
  bool looked_up_ = false, accepted_ = false;
  std::optional<Credential> credential_;
  std::string authorization_;
};

}  // namespace pyxis
