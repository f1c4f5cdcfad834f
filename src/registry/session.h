// One repository of one registry, asked as one identity: base URL, authorization, retries and error texts.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "contract/reference.h"
#include "registry/auth.h"
#include "registry/credentials.h"
#include "registry/http.h"

namespace pyxis {

// The URL of a registry's API, "https://HOST/v2/". It is on https, except on this machine, where plain http
// is the custom, and where the site allows plain http: there it is asked which of the two it is on.
Result<Url> find_base(Http& http, const std::string& registry, const std::stop_token& stop);

class Session {
 public:
  Session(Http& http, const CredentialPlaces& places, const Reference& reference, Authenticator::Warn warn);

  struct Question {
    std::string method = "GET";
    std::string path;  // below /v2/REPOSITORY/: "manifests/latest"
    std::vector<std::pair<std::string, std::string>> headers;
    size_t body_limit = 0;
  };
  // One attempt, with a second request where the registry demands authorization. A response of any status is
  // an outcome; an Error is that of finding the registry or of authorization.
  Result<HttpOutcome> ask(const Question& question, const BodySink& sink, const std::stop_token& stop);
  // With retries. `object` begins error texts; a status other than 200 is an outcome, not an error.
  Result<HttpOutcome> ask_patiently(const Question& question, const std::string& object,
                                    const std::stop_token& stop);

  Error explain_outcome(const std::string& object, const HttpOutcome& outcome, unsigned attempts = 1);
  std::string authorization() { return authenticator_.authorization(); }
  std::string identity() { return authenticator_.identity(); }

 private:
  Result<Url> base(const std::stop_token& stop);

  Http& http_;
  const CredentialPlaces& places_;
  std::string registry_, repository_, user_;
  Authenticator authenticator_;
  std::mutex mutex_;
  std::optional<Url> base_;
};

}  // namespace pyxis
