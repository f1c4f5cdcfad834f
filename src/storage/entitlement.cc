#include "storage/entitlement.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "base/environment.h"
#include "base/pipe.h"

namespace pyxis {

void Registries::prepare() {
  if (socket_) return;
  auto pair = make_socket_pair();
  if (!pair.ok()) return;
  auto [ours, theirs] = std::move(*pair);
  SpawnRequest request;
  request.program = program_;
  request.arguments = {"pyxis-vouch"};
  request.environment = Environment::capture().lines();
  request.descriptors = {{theirs.get(), vouch_socket_fd}};
  request.close_others = true;
  request.no_new_privileges = true;
  request.parent_death_signal = SIGKILL;
  auto process = spawn(request);
  if (!process.ok()) return;
  process_ = std::move(*process);
  socket_ = std::move(ours);
}

Result<VouchReply> Registries::try_to_ask(const VouchRequest& request) {
  prepare();
  if (!socket_) return fail("pyxis-vouch did not start");
  TRY(send_message(socket_.get(), request.encode()));
  return VouchReply::decode(TRY(receive_message(socket_.get(), max_storage_message_bytes)).body);
}

VouchReply Registries::ask(const VouchRequest& request) {
  auto reply = try_to_ask(request);
  if (reply.ok()) return *reply;
  dismiss();
  return {Verdict::unreachable, reply.error().message};
}

void Registries::dismiss() {
  socket_.reset();
  process_ = Child();
}

bool Entitlement::comes_from(const StoredImage& image, const ImageOrigin& origin) const {
  return std::ranges::all_of(image.layers,
                             [&](const Digest& layer) { return grants_.comes_from(layer, origin); });
}

VouchReply Entitlement::vouch(const ImageOrigin& origin, const Digest& image,
                              const std::string& authorization) const {
  if (origin.empty()) return {Verdict::no_https, "no registry"};
  if (!settings_.registries_error.empty()) return {Verdict::unreachable, settings_.registries_error};
  auto endpoints = settings_.registries.endpoints(origin.registry, origin.repository);
  if (!endpoints.ok()) return {Verdict::no, endpoints.error().message};
  VouchReply reply;
  for (const auto& endpoint : *endpoints) {
    if (endpoint.mirror &&
        (endpoint.use == MirrorUse::by_tag || registries_.silent_mirrors().contains(endpoint.registry)))
      continue;
    // Plain http is whoever sits on the way, or took the port first: believed where the site says so, and
    // that is more than `insecure`, which lets bytes come from there, whose digests are known.
    bool plain_http = settings_.http_registries.contains(endpoint.registry);
    // What the user shows to the registry is none of its mirrors' business.
    reply = registries_.ask({{endpoint.registry, endpoint.repository},
                             plain_http,
                             image,
                             endpoint.mirror ? std::string() : authorization});
    if (reply.verdict == Verdict::yes) break;
    if (endpoint.mirror && (reply.verdict == Verdict::unreachable || reply.verdict == Verdict::no_https))
      registries_.silent_mirrors().insert(endpoint.registry);
  }
  return reply;  // that of the location, where no mirror has said yes
}

Entitlement::Decision Entitlement::decide(const StorageRequest& claim, const StoredImage& image) const {
  if (claim.kept && grants_.kept(image.digest)) return {true, false, {}};
  if (settings_.policy == AskPolicy::kept) return {};
  auto before = grants_.granted_from(image.digest);
  if (before && settings_.policy == AskPolicy::never) return {true, false, {}};
  bool can_do_without = before && settings_.policy == AskPolicy::reachable;
  // Brought by this user, and not from a registry.
  if (can_do_without && before->empty()) return {true, false, {}};
  // Who names another registry than he had the image from gets no more than somebody who never had it.
  bool granted_there = before == claim.origin;
  can_do_without = can_do_without && granted_there;
  if (claim.origin.empty() || !(granted_there || comes_from(image, claim.origin))) return {};
  auto answer = vouch(claim.origin, image.digest, claim.authorization);
  switch (answer.verdict) {
    case Verdict::yes: {
      auto noted = grants_.grant(image.digest, claim.origin);
      return noted.ok() ? Decision{true, false, {}} : Decision{false, false, noted.error().text()};
    }
    case Verdict::no:
      if (before == claim.origin) grants_.revoke(image.digest);
      return {false, false, answer.text};
    case Verdict::unauthorized:
      return {false, true, answer.text};
    case Verdict::unreachable:
      if (!can_do_without) return {false, false, answer.text};
      return {true, false, "registry " + claim.origin.registry + " could not be asked: " + answer.text};
    case Verdict::no_https:
      return {can_do_without, false,
              "registry " + claim.origin.registry + " could not be asked by https: " + answer.text +
                  "; plain http counts where http_registries in plugstack.conf names it"};
  }
  return {};
}

}  // namespace pyxis
