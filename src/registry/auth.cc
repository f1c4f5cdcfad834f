#include "registry/auth.h"

#include <nettle/base64.h>

#include "base/text.h"
#include "image/json_fields.h"
#include "registry/explain.h"
#include "registry/retry.h"

namespace pyxis {
namespace {

constexpr size_t max_token_answer = 1u << 20;

std::string basic(const Credential& credential) {
  auto pair = credential.user + ":" + credential.secret;
  std::string out(BASE64_ENCODE_RAW_LENGTH(pair.size()), '\0');
  base64_encode_raw(out.data(), pair.size(), reinterpret_cast<const uint8_t*>(pair.data()));
  return "Basic " + out;
}

std::string form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    if (!value.empty()) out += (out.empty() ? "" : "&") + name + "=" + url_escape(value);
  return out;
}

bool has_control(const std::string& text) {
  for (char c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) return true;
  return false;
}

// A password may have lines: Google's is a file of JSON. One at the end is a slip, as of `echo | base64`.
bool bad_secret(std::string secret) {
  if (!secret.empty() && has_control(secret.substr(secret.size() - 1))) return true;
  std::erase_if(secret, [](char c) { return c == '\n' || c == '\r' || c == '\t'; });
  return has_control(secret);
}

// Bearer before Basic: its tokens are for this repository only.
std::optional<Challenge> choose(const HttpResponse& refused) {
  std::optional<Challenge> chosen;
  auto [begin, end] = refused.headers.equal_range("www-authenticate");
  for (auto header = begin; header != end; ++header)
    for (auto& challenge : parse_challenges(header->second)) {
      bool bearer = challenge.scheme == "bearer" && !challenge.parameter("realm").empty();
      if (bearer || (challenge.scheme == "basic" && !chosen)) chosen = challenge;
      if (bearer) return chosen;
    }
  return chosen;
}

// RFC 6750, 3.1: the token has expired, say, and another one may be asked for. Even a fresh one ends on its
// way where tokens are short-lived. A token that is good but not good enough is "insufficient_scope".
bool calls_token_invalid(const Challenge& challenge) {
  return challenge.scheme == "bearer" && challenge.parameter("error") == "invalid_token";
}

Result<std::string> token_of(const HttpResponse& response) {
  auto document = TRY(json::parse_object(response.body, "the token server's answer"));
  auto token = TRY(json::text(document, "token"));
  if (token.empty()) token = TRY(json::text(document, "access_token"));
  if (token.empty()) return fail("the token server's answer has neither 'token' nor 'access_token'");
  if (has_control(token)) return fail("the token server's answer has control characters in its token");
  return token;
}

}  // namespace

Authenticator::Authenticator(Http& http, const CredentialPlaces& places, AuthTarget target, Warn warn)
    : http_(http), places_(places), target_(std::move(target)), warn_(std::move(warn)) {}

std::string Authenticator::authorization() {
  std::lock_guard hold(mutex_);
  return authorization_;
}

void Authenticator::accepted(const std::string& used) {
  std::lock_guard hold(mutex_);
  if (used == authorization_) accepted_ = true;
}

std::string Authenticator::identity() {
  std::lock_guard hold(mutex_);
  return credential_ ? credential_->describe() : "";
}

Result<void> Authenticator::look_up(const std::string& realm_host, const std::stop_token& stop) {
  if (looked_up_) return ok();
  auto lookup =
      TRY(find_credential(places_, {target_.registry, target_.repository, target_.user, realm_host}, stop));
  for (const auto& warning : lookup.warnings) warn_(warning);
  credential_ = std::move(lookup.found);
  looked_up_ = true;
  if (credential_ &&
      (has_control(credential_->user + credential_->registry_token) || bad_secret(credential_->secret)))
    return fail("the secret of " + credential_->describe() + " has control characters in it");
  return ok();
}

Result<HttpRequest> Authenticator::token_request(const Challenge& challenge, const Url& registry,
                                                 const std::stop_token& stop) {
  auto realm = TRY_CONTEXT(parse_url(challenge.parameter("realm")), "token server of " + target_.registry);
  TRY(look_up(realm.host, stop));
  // Not the challenge's scope: a registry that names another repository, of its own or of whom it shares a
  // token server with, would be handed a token for that.
  auto scope = target_.repository.empty() ? "" : "repository:" + target_.repository + ":pull";
  auto service = challenge.parameter("service");
  if (credential_ && realm.plain() && !registry.plain())
    return fail("the registry's token server " + realm.host + " is on plain http: the secret of " +
                    credential_->describe() + " is not sent to it",
                "tell the registry's administrator");
  HttpRequest request;
  if (credential_ && !credential_->identity_token.empty()) {
    request.method = "POST";
    request.url = realm;
    request.body = form({{"grant_type", "refresh_token"},
                         {"service", service},
                         {"client_id", "pyxis"},
                         {"scope", scope},
                         {"refresh_token", credential_->identity_token}});
    return request;
  }
  auto query =
      form({{"service", service}, {"scope", scope}, {"account", credential_ ? credential_->user : ""}});
  request.url = TRY(parse_url(realm.text + (realm.text.find('?') == std::string::npos ? "?" : "&") + query));
  if (credential_) request.authorization = basic(*credential_);
  return request;
}

Result<std::string> Authenticator::answer_bearer(const Challenge& challenge, const Url& registry,
                                                 const std::stop_token& stop) {
  auto request = TRY(token_request(challenge, registry, stop));
  if (credential_ && !credential_->registry_token.empty()) return "Bearer " + credential_->registry_token;
  Backoff backoff(http_.settings(), stop);
  HttpOutcome outcome;
  do outcome = http_.perform(request, {}, max_token_answer, stop);
  while (backoff.again(outcome));
  if (outcome.failure == HttpFailure::none && outcome.response.status == 200)
    return "Bearer " + TRY_CONTEXT(token_of(outcome.response), "token server " + request.url.host);
  Inquiry inquiry;
  inquiry.object = "log in to " + target_.registry;
  inquiry.registry = target_.registry;
  inquiry.server = request.url.host;
  inquiry.user = target_.user;
  inquiry.identity = credential_ ? credential_->describe() : "";
  inquiry.places = places_.list();
  inquiry.attempts = backoff.attempts();
  return explain(inquiry, outcome);
}

Result<bool> Authenticator::renew(const HttpResponse& refused, const std::string& used,
                                  const std::stop_token& stop) {
  std::lock_guard hold(mutex_);
  if (used != authorization_) return true;  // another thread was faster
  auto challenge = choose(refused);
  if (!challenge) return false;
  if (!used.empty() && !accepted_ && !calls_token_invalid(*challenge)) return false;
  std::string fresh;
  if (challenge->scheme == "bearer") {
    fresh = TRY(answer_bearer(*challenge, refused.url, stop));
  } else {
    TRY(look_up("", stop));
    if (!credential_ || credential_->secret.empty()) return false;
    fresh = basic(*credential_);
  }
  if (fresh == used) return false;
  authorization_ = std::move(fresh);
  accepted_ = false;
  return true;
}

}  // namespace pyxis
