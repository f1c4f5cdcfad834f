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

}  // namespace

Client::Client(ClientSettings settings, std::stop_token stop)
    : settings_(std::move(settings)), stop_(std::move(stop)), http_(std::make_unique<Http>(settings_.http)) {
  if (!settings_.warn) settings_.warn = [](std::string_view text) { log::warn(text); };
}
Client::~Client() = default;

Session& Client::session(const Reference& reference) {
  std::lock_guard hold(mutex_);
  auto& place = sessions_[{reference.registry, reference.repository, reference.user}];
  if (!place) place = std::make_unique<Session>(*http_, settings_.credentials, reference, settings_.warn);
  return *place;
}

std::string Client::identity(const Reference& reference) {
  auto identity = session(reference).identity();
  return identity.empty() ? "anonymous" : identity;
}

std::string Client::authorization(const Reference& reference) {
  return session(reference).authorization();
}

Result<Digest> Client::head_manifest(const Reference& reference) {
  TRY(check_scheme(reference));
  auto object = object_of(reference, "manifest");
  auto outcome = TRY(session(reference).ask_patiently(manifest_question(reference, "HEAD"), object, stop_));
  if (outcome.response.status == 200) {
    auto stated = Digest::parse(outcome.response.header("docker-content-digest"));
    if (stated.ok() && !reference.digest.empty() && *stated != reference.digest)
      return fail(object + ": the registry answers with another one, " + stated->text());
    if (stated.ok()) return stated;
  }
  // No digest, HEAD not known to this registry, or an error, whose words only GET brings.
  auto manifest = TRY(get_manifest(reference));
  TRY_CONTEXT(parse_manifest(manifest.bytes, manifest.media_type), reference.canonical());
  return manifest.digest;
}

Result<FetchedManifest> Client::get_manifest(const Reference& reference) {
  TRY(check_scheme(reference));
  auto object = object_of(reference, "manifest");
  auto& asked = session(reference);
  auto outcome = TRY(asked.ask_patiently(manifest_question(reference, "GET"), object, stop_));
  if (outcome.response.status != 200) return asked.explain_outcome(object, outcome);
  FetchedManifest manifest;
  manifest.digest = TRY_CONTEXT(checked_digest(reference, outcome.response), object);
  manifest.media_type = outcome.response.header("content-type");
  manifest.bytes = std::move(outcome.response.body);
  return manifest;
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
  return stream_blob(session(reference), settings_.http, blob, object_of(reference, blob.digest.text()), sink,
                     stop_);
}

}  // namespace pyxis
