// One repository of one registry, asked as one identity: base URL, authorization, retries and error texts.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "registry/auth.h"
#include "registry/credentials.h"
#include "registry/http.h"
#include "registry/registries_conf.h"

namespace pyxis {

// The URL of a registry's API, "https://HOST/v2/". It is on https, except on this machine, where plain http
// is the custom, and where the site allows plain http, for all or for this one (`insecure`): there it is
// asked which of the two it is on. `connect_timeout` as in HttpRequest; an answer may take twice that.
Result<Url> find_base(Http& http, const std::string& registry, bool insecure,
                      std::chrono::seconds connect_timeout, const std::stop_token& stop);

class Session {
 public:
  // `user`: as in Reference. Where there is somebody else to ask (a mirror), it gets one attempt, and no long
  // time to connect.
  Session(Http& http, const CredentialPlaces& places, const RegistryEndpoint& endpoint,
          const std::string& user, Authenticator::Warn warn);

  struct Question {
    std::string method = "GET";
    std::string path;  // below /v2/REPOSITORY/: "manifests/latest"
    std::vector<std::pair<std::string, std::string>> headers;
    size_t body_limit = 0;
  };
  // One attempt, with a second request where the registry demands authorization. A response of any status is
  // an outcome; an Error is that of finding the registry or of authorization.
  Result<HttpOutcome> ask(const Question& question, const BodySink& sink, const std::stop_token& stop);
  // With retries, but of a mirror. `object` begins error texts; a status other than 200 is an outcome, not an
  // error.
  Result<HttpOutcome> ask_patiently(const Question& question, const std::string& object,
                                    const std::stop_token& stop);

  Error explain_outcome(const std::string& object, const HttpOutcome& outcome, unsigned attempts = 1);
  std::string authorization() { return authenticator_.authorization(); }
  std::string identity() { return authenticator_.identity(); }
  const std::string& registry() const { return registry_; }
  bool mirror() const { return mirror_; }

 private:
  Result<Url> base(const std::stop_token& stop);
  std::chrono::seconds connect_timeout() const;

  Http& http_;
  const CredentialPlaces& places_;
  std::string registry_, repository_, user_;
  bool insecure_, mirror_;
  Authenticator authenticator_;
  std::mutex mutex_;
  std::optional<Url> base_;
};

}  // namespace pyxis
