#include "registry/client.h"

#include "base/log.h"
#include "base/text.h"
#include "image/json_fields.h"
#include "registry/blob.h"
#include "registry/http.h"
#include "registry/session.h"

namespace pyxis {
namespace {

std::string object_of(const Reference& reference, std::string_view part) {
  return reference.canonical() + ": " + std::string(part);
}

Result<void> check_scheme(const Reference& reference) {
  if (reference.scheme == Reference::Scheme::docker) return ok();
  return fail(reference.canonical() + ": not an image of a registry");
}

Session::Question manifest_question(const Reference& reference, std::string method) {
  Session::Question question;
  question.method = std::move(method);
  question.path = "manifests/" + reference.selector();
  question.headers.emplace_back("Accept", manifest_accept);
  question.body_limit = max_manifest_bytes;
  return question;
}

// The digest of the bytes, which must be the one asked for and the one the registry states.
Result<Digest> checked_digest(const Reference& reference, const HttpResponse& response) {
  auto stated = response.header("docker-content-digest");
  Digest expected = reference.digest;
  if (expected.empty() && !stated.empty()) {
    auto parsed = Digest::parse(stated);
    if (parsed.ok()) expected = *parsed;
  }
  Hasher hasher(expected.empty() ? "sha256" : expected.algorithm());
  hasher.update(std::as_bytes(std::span(response.body)));
  auto got = hasher.finish();
  if (expected.empty() || got == expected) return got;
  return fail("its content has the digest " + got.text() + ", not " + expected.text() +
                  ": it was altered or damaged; it begins '" + json::first_line(response.body) + "'",
              "try again; if it stays, the registry or a proxy in between delivers wrong content");
}

Result<FetchedManifest> get_at(Session& session, const Reference& reference, const std::stop_token& stop) {
  auto object = object_of(reference, "manifest");
  auto outcome = TRY(session.ask_patiently(manifest_question(reference, "GET"), object, stop));
  if (outcome.response.status != 200) return session.explain_outcome(object, outcome);
  FetchedManifest manifest;
  manifest.digest = TRY_CONTEXT(checked_digest(reference, outcome.response), object);
  manifest.media_type = outcome.response.header("content-type");
  manifest.bytes = std::move(outcome.response.body);
  return manifest;
}

Result<Digest> head_at(Session& session, const Reference& reference, const std::stop_token& stop) {
  auto object = object_of(reference, "manifest");
  auto outcome = TRY(session.ask_patiently(manifest_question(reference, "HEAD"), object, stop));
  if (outcome.response.status == 200) {
    auto stated = Digest::parse(outcome.response.header("docker-content-digest"));
    if (stated.ok() && !reference.digest.empty() && *stated != reference.digest)
      return fail(object + ": the registry answers with another one, " + stated->text());
    if (stated.ok()) return stated;
  }
  // No digest, HEAD not known to this registry, or an error, whose words only GET brings.
  auto manifest = TRY(get_at(session, reference, stop));
  TRY_CONTEXT(parse_manifest(manifest.bytes, manifest.media_type), reference.canonical());
  return manifest.digest;
}

// What the error says of one of several that were asked.
std::string without_object(const Error& error, const std::string& object) {
  auto prefix = object + ": ";
  return error.message.starts_with(prefix) ? error.message.substr(prefix.size()) : error.message;
}

}  // namespace

Client::Client(ClientSettings settings, std::stop_token stop)
    : settings_(std::move(settings)), stop_(std::move(stop)), http_(std::make_unique<Http>(settings_.http)) {
  if (!settings_.warn) settings_.warn = [](std::string_view text) { log::warn(text); };
}
Client::~Client() = default;

Session& Client::session(const RegistryEndpoint& endpoint, const std::string& user) {
  std::lock_guard hold(mutex_);
  auto& place = sessions_[{endpoint.registry, endpoint.repository, user, endpoint.mirror}];
  if (!place)
    place = std::make_unique<Session>(*http_, settings_.credentials, endpoint, user, settings_.warn);
  return *place;
}

Result<Session*> Client::location(const Reference& reference) {
  auto endpoints = TRY(settings_.registries.endpoints(reference.registry, reference.repository));
  return &session(endpoints.back(), reference.user);
}

Result<std::vector<Session*>> Client::sources(const Reference& reference, bool blob) {
  auto endpoints = TRY(settings_.registries.endpoints(reference.registry, reference.repository));
  std::vector<Session*> sources;
  for (const auto& endpoint : endpoints) {
    // Who the user wants to be is said of the registry that he names.
    auto* one = &session(endpoint, endpoint.mirror ? "" : reference.user);
    std::lock_guard hold(mutex_);
    bool by_digest = blob || !reference.digest.empty();
    bool asked = endpoint.use == MirrorUse::all || (endpoint.use == MirrorUse::by_digest) == by_digest ||
                 of_tags_.contains(one);  // what it has said of a tag it also has the parts of
    if (!endpoint.mirror || (asked && !down_.contains(endpoint.registry))) sources.push_back(one);
  }
  return sources;
}

void Client::answered(Session& session, const Reference& reference) {
  std::lock_guard hold(mutex_);
  if (session.mirror() && reference.digest.empty()) of_tags_.insert(&session);
}

void Client::pass_over(Session& session, const std::string& object, const Error& error) {
  if (error.code != EHOSTUNREACH) return;
  {
    std::lock_guard hold(mutex_);
    if (!down_.insert(session.registry()).second) return;
  }
  if (settings_.note) settings_.note("a mirror does not answer: " + without_object(error, object));
}

// `ask` asks one of them.
template <class Ask>
auto Client::first_answer(const Reference& reference, Ask ask) -> decltype(ask(std::declval<Session&>())) {
  auto object = object_of(reference, "manifest");
  std::string passed;
  for (auto* one : TRY(sources(reference, false))) {
    auto answer = ask(*one);
    if (answer.ok()) {
      answered(*one, reference);
      return answer;
    }
    if (!one->mirror() || stop_.stop_requested()) {
      if (!passed.empty()) answer.error().message += " (asked before: " + passed + ")";
      return answer;
    }
    passed += (passed.empty() ? "" : "; ") + without_object(answer.error(), object);
    pass_over(*one, object, answer.error());
  }
  return fail(object + ": there is nobody to ask");
}

std::string Client::identity(const Reference& reference) {
  auto place = location(reference);
  auto identity = place.ok() ? (*place)->identity() : "";
  return identity.empty() ? "anonymous" : identity;
}

std::string Client::authorization(const Reference& reference) {
  auto place = location(reference);
  return place.ok() ? (*place)->authorization() : "";
}

Result<Digest> Client::head_manifest(const Reference& reference) {
  TRY(check_scheme(reference));
  return first_answer(reference, [&](Session& one) { return head_at(one, reference, stop_); });
}

Result<FetchedManifest> Client::get_manifest(const Reference& reference) {
  TRY(check_scheme(reference));
  return first_answer(reference, [&](Session& one) { return get_at(one, reference, stop_); });
}

Result<ResolvedImage> Client::resolve(const Reference& reference, const Platform& platform) {
  ResolvedImage image;
  Reference current = reference;
  constexpr int max_depth = 3;  // an index may hold an index, which may hold the manifest
  for (int depth = 0; depth < max_depth; ++depth) {
    image.manifest = TRY(get_manifest(current));
    if (image.index_digest.empty()) image.index_digest = image.manifest.digest;
    auto parsed =
        TRY_CONTEXT(parse_manifest(image.manifest.bytes, image.manifest.media_type), reference.canonical());
    if (auto* manifest = std::get_if<Manifest>(&parsed)) {
      image.manifest_digest = image.manifest.digest;
      image.parsed = std::move(*manifest);
      return image;
    }
    auto entry = TRY_CONTEXT(select_platform(std::get<Index>(parsed), platform), reference.canonical());
    current = reference.pinned(entry.digest);
  }
  return fail(reference.canonical() + ": indexes within indexes, more than 3 deep");
}

Result<std::string> Client::get_blob(const Reference& reference, const Descriptor& blob, size_t limit) {
  if (blob.size > limit)
    return fail(object_of(reference, blob.digest.text()) + ": " + human_bytes(blob.size) + ", more than " +
                human_bytes(limit));
  std::string out;
  TRY(fetch_blob(reference, blob, [&](std::span<const std::byte> data) {
    out.append(reinterpret_cast<const char*>(data.data()), data.size());
    return ok();
  }));
  return out;
}

Result<void> Client::fetch_blob(const Reference& reference, const Descriptor& blob, const BlobSink& sink) {
  TRY(check_scheme(reference));
  auto object = object_of(reference, blob.digest.text());
  BlobSources sources;
  sources.sessions = TRY(this->sources(reference, true));
  sources.used = [&](Session& one) {
    {
      std::lock_guard hold(mutex_);
      if (!one.mirror() || !told_.insert(&one).second) return;
    }
    if (settings_.note)
      settings_.note("layers of " + reference.registry + " come from its mirror " + one.registry());
  };
  sources.passed_over = [&](Session& one, const Error& error) { pass_over(one, object, error); };
  return stream_blob(sources, settings_.http, blob, object, sink, stop_);
}

}  // namespace pyxis
