// `pyxis-vouch`: asks registries whether they let somebody read an image (vouch.h). Started by the storage
// helper as the store's user; what speaks with networks has no way into the store.
//
// Only the system's certificates count, and those that root has for a registry: neither the job's user nor
// his settings have a say in who is believed.
#include <sys/stat.h>

#include <csignal>

#include "base/environment.h"
#include "base/log.h"
#include "base/text.h"
#include "image/manifest.h"
#include "registry/explain.h"
#include "registry/http.h"
#include "storage/confine.h"
#include "storage/layout.h"
#include "storage/vouch.h"

namespace pyxis {
namespace {

HttpSettings http_settings() {
  HttpSettings settings;
  settings.connect_timeout = std::chrono::seconds(5);
  settings.answer_timeout = settings.stall_timeout = std::chrono::seconds(10);
  settings.retries = 0;
  settings.allow_http = true;  // the keeper says where
  settings.certificate_directories = certificate_directories(site_configuration);
  settings.take_environment(Environment::capture());
  return settings;
}

// What says something of this identity's rights, and not of the registry's state.
VouchReply verdict_on(const VouchRequest& request, const HttpOutcome& outcome) {
  const auto& response = outcome.response;
  if (outcome.failure == HttpFailure::final) return {Verdict::no, outcome.error->message};
  if (outcome.failure == HttpFailure::no_tls) return {Verdict::no_https, outcome.error->message};
  if (outcome.failure != HttpFailure::none) return {Verdict::unreachable, outcome.error->message};
  auto said = status_text(response.status);
  if (response.status == 200) {
    auto stated = Digest::parse(response.header("docker-content-digest"));
    if (stated.ok() && *stated == request.image) return {Verdict::yes, {}};
    Hasher hasher(request.image.algorithm());
    hasher.update(std::as_bytes(std::span(response.body)));
    if (hasher.finish() == request.image) return {Verdict::yes, {}};
    return {Verdict::no, "it answers with another image"};
  }
  if (response.status == 401)
    return {request.authorization.empty() ? Verdict::unauthorized : Verdict::no, said};
  if (response.status == 408 || response.status == 429 || response.status >= 500)
    return {Verdict::unreachable, said};
  return {Verdict::no, said};
}

// Registries need not know HEAD, or say what it would have been.
bool only_get_tells(const HttpResponse& head) {
  if (head.status == 200) return !Digest::parse(head.header("docker-content-digest")).ok();
  return head.status == 400 || head.status == 404 || head.status == 405 || head.status == 501;
}

VouchReply ask(Http& http, const VouchRequest& request) {
  auto scheme = request.plain_http ? "http://" : "https://";
  auto url = parse_url(scheme + request.origin.registry + "/v2/" + request.origin.repository + "/manifests/" +
                       request.image.text());
  if (!url.ok()) return {Verdict::no, url.error().message};
  HttpRequest question;
  question.method = "HEAD";  // which registries that count what is pulled do not count
  question.url = std::move(*url);
  question.authorization = request.authorization;
  question.headers.emplace_back("Accept", manifest_accept);
  auto outcome = http.perform(question, {}, max_manifest_bytes, {});
  if (outcome.failure == HttpFailure::none && only_get_tells(outcome.response)) {
    question.method = "GET";
    outcome = http.perform(question, {}, max_manifest_bytes, {});
  }
  // Somebody else's word is not the registry's.
  if (outcome.failure == HttpFailure::none && outcome.response.url.origin() != question.url.origin())
    return {Verdict::no, "it sends to another server, " + printable(outcome.response.url.host)};
  return verdict_on(request, outcome);
}

Result<void> serve() {
  TRY(confine_to_network());
  Http http(http_settings());
  for (;;) {
    auto message = receive_message(vouch_socket_fd, max_storage_message_bytes);
    if (!message.ok()) return ok();  // the keeper needs no more
    auto request = TRY(VouchRequest::decode(message->body));
    TRY(send_message(vouch_socket_fd, ask(http, request).encode()));
  }
}

}  // namespace
}  // namespace pyxis

int main(int argc, char**) {
  struct stat info;
  if (argc != 1 || ::fstat(pyxis::vouch_socket_fd, &info) != 0 || !S_ISSOCK(info.st_mode)) {
    pyxis::log::error("this program is started by pyxis-storage; see 'pyxis --help'");
    return 1;
  }
  try {
    return pyxis::serve().ok() ? 0 : 1;
  } catch (const std::exception&) {
    return 1;
  }
}
