// The distribution client: what a registry has under a name, and its bytes (OCI distribution-spec, "Pull";
// spec/engine.md, "Registries"). Errors name registry, image, identity and remedy.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "contract/reference.h"
#include "image/manifest.h"
#include "image/platform.h"
#include "registry/credentials.h"
#include "registry/http_settings.h"
#include "registry/registries_conf.h"

namespace pyxis {

class Http;
class Session;

struct FetchedManifest {
  Digest digest;           // of `bytes`: sha256, or the algorithm the reference asked by
  std::string media_type;  // Content-Type of the answer
  std::string bytes;
};

struct ResolvedImage {
  Digest index_digest;     // what the tag points to: an index, or the manifest itself
  Digest manifest_digest;  // of the manifest for the platform
  FetchedManifest manifest;
  Manifest parsed;
};

struct ClientSettings {
  HttpSettings http;
  CredentialPlaces credentials;
  std::function<void(std::string_view)> warn;  // of credentials; log::warn where empty
  RegistriesConf registries;                   // where repositories are to be had
  // What goes on: a mirror is used, or passed over because it does not answer. Nobody is told where empty.
  std::function<void(std::string_view)> note;
};

// Takes the bytes of a blob in order. Its error ends the transfer and is what fetch_blob() returns.
using BlobSink = std::function<Result<void>(std::span<const std::byte> data)>;

// Mirrors that the site has for a repository are asked first, in order, and once; what one of them does not
// have or give, or has wrong, the next one is asked for, and at last the place that the repository is at. One
// that does not answer is not asked again. Each is asked with the credentials that the user has for it.
//
// Safe for many threads; connections, tokens and limits are shared by all of them. References must be of the
// scheme docker. Every call ends soon with ECANCELED once `stop` is requested.
class Client {
 public:
  explicit Client(ClientSettings settings, std::stop_token stop = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // What the name points to, and that this identity may read it, without the manifest's bytes where the
  // registry says the digest in the answer to HEAD.
  Result<Digest> head_manifest(const Reference& reference);

  // The bytes as they are, an index or a manifest, checked against the digest of the reference if it has one
  // and against the digest the registry states. Follows nothing in them.
  Result<FetchedManifest> get_manifest(const Reference& reference);

  // Through indexes to the manifest for the platform, each checked against its digest.
  Result<ResolvedImage> resolve(const Reference& reference, const Platform& platform);

  // A small blob (a config), checked. Error where its size is above `limit`.
  Result<std::string> get_blob(const Reference& reference, const Descriptor& blob, size_t limit);

  // Streams a blob exactly once and in order, never more than blob.size bytes; an interrupted transfer goes
  // on where it stopped. Size and digest are known to be right only when this returns success: what the sink
  // made of the bytes must not be used before. The sink must not wait for another call on this client: both
  // need a connection.
  Result<void> fetch_blob(const Reference& reference, const Descriptor& blob, const BlobSink& sink);

  // The value of the Authorization header that the repository was read with last where it is, not at a
  // mirror; empty: none was wanted. A secret.
  std::string authorization(const Reference& reference);

  // Who the repository is read as, as far as that came up: "anonymous" or "user NAME (from FILE)".
  std::string identity(const Reference& reference);

 private:
  Session& session(const RegistryEndpoint& endpoint, const std::string& user);
  Result<Session*> location(const Reference& reference);
  // Those to ask, in order; the last is the location.
  Result<std::vector<Session*>> sources(const Reference& reference, bool blob);
  void answered(Session& session, const Reference& reference);
  void pass_over(Session& session, const std::string& object, const Error& error);
  template <class Ask>
  auto first_answer(const Reference& reference, Ask ask) -> decltype(ask(std::declval<Session&>()));

  ClientSettings settings_;
  std::stop_token stop_;
  std::unique_ptr<Http> http_;
  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, std::string, bool>, std::unique_ptr<Session>> sessions_;
  std::set<std::string> down_;        // mirrors that do not answer
  std::set<const Session*> told_;     // which are used, as was said
  std::set<const Session*> of_tags_;  // that have answered what a tag is
};

}  // namespace pyxis
