#include "engine/shared_store.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "base/pipe.h"
#include "base/process.h"
#include "engine/installation.h"

namespace pyxis {
namespace {

using Request = StorageRequest::Kind;
using Reply = StorageReply::Kind;

StorageRequest about(Request kind, const Digest& image) {
  StorageRequest request;
  request.kind = kind;
  request.image = image;
  return request;
}

Error unexpected() {
  return fail("the storage helper gave an answer to another question", "run the command again");
}

constexpr std::chrono::seconds start_deadline{10};

Error explain_gone(Error error) {
  if (error.code == ECONNRESET || error.code == EPIPE)
    return fail("the storage helper of this node (pyxis-storage) is gone",
                "run the command again; if it stays, ask the administrator for the node's log");
  return error;
}

}  // namespace

std::shared_ptr<SharedStore> SharedStore::connect(Fd socket) {
  std::shared_ptr<SharedStore> store(new SharedStore(std::move(socket)));
  auto answer = store->ask({});
  if (!answer.ok() || answer->kind != Reply::ready) return nullptr;
  store->user_path_ = answer->text;
  return store;
}

Result<std::shared_ptr<SharedStore>> SharedStore::start_helper() {
  auto program = TRY(installed_part("pyxis-storage"));
  struct stat info;
  if (::stat(program.c_str(), &info) != 0) return sys_error(program);
  if (::geteuid() != 0 && (info.st_uid != 0 || (info.st_mode & S_ISUID) == 0))
    return sys_error(program + ": not setuid root", ENOENT);
  auto engine = TRY(make_socket_pair()), leash = TRY(make_socket_pair());
  SpawnRequest request;
  request.program = program;
  request.arguments = {"pyxis-storage", "lend"};
  request.descriptors = {{engine.theirs.get(), storage_socket_fd}, {leash.theirs.get(), storage_leash_fd}};
  request.close_others = true;
  // It goes on in a process of its own at once.
  auto status = TRY(spawn(request)).end_within(start_deadline);
  if (!status || !WIFEXITED(*status) || WEXITSTATUS(*status) != 0)
    return fail(program + " refuses", "show your administrator the line above");
  engine.theirs.reset();
  leash.theirs.reset();
  std::shared_ptr<SharedStore> store(new SharedStore(std::move(engine.ours)));
  store->leash_ = std::move(leash.ours);
  if (TRY(store->ask({})).kind != Reply::ready) return unexpected();
  return store;
}

Result<void> SharedStore::send(const StorageRequest& request) {
  auto sent = send_message(socket_.get(), request.encode());
  if (!sent.ok()) return explain_gone(std::move(sent).error());
  return ok();
}

Result<StorageReply> SharedStore::next_reply() {
  auto message = receive_message(socket_.get());
  if (!message.ok()) return explain_gone(std::move(message).error());
  mounts_ = std::move(message->descriptors);
  return StorageReply::decode(message->body);
}

Result<StorageReply> SharedStore::ask(const StorageRequest& request) {
  TRY(send(request));
  auto reply = TRY(next_reply());
  if (reply.kind == Reply::failed) return Error{reply.text, reply.remedy, reply.code};
  return reply;
}

Result<void> SharedStore::claim(const Digest& image, ImageOrigin origin, Authorization authorization) {
  Claim claim;
  claim.request = about(Request::claim, image);
  claim.request.origin = std::move(origin);
  claim.authorization = std::move(authorization);
  return send_claim(std::move(claim));
}

Result<void> SharedStore::claim(const Digest& image, ImageOrigin origin, std::string authorization) {
  Claim claim;
  claim.request = about(Request::claim, image);
  claim.request.origin = std::move(origin);
  claim.request.authorization = std::move(authorization);
  return send_claim(std::move(claim));
}

Result<void> SharedStore::send_claim(Claim claim) {
  TRY(send(claim.request));
  waiting_ = std::move(claim);
  return ok();
}

Result<void> SharedStore::await_claim() {
  if (!waiting_) return ok();
  auto claim = *std::exchange(waiting_, std::nullopt);
  auto reply = TRY(next_reply());
  if (reply.kind == Reply::absent && reply.code == EACCES && claim.authorization) {
    auto authorization = claim.authorization();
    if (authorization.ok() && !authorization->empty()) {
      claim.request.authorization = std::move(*authorization);
      TRY(send(claim.request));
      reply = TRY(next_reply());
    }
  }
  if (reply.kind == Reply::failed) return Error{reply.text, reply.remedy, reply.code};
  claim.granted = reply.kind == Reply::granted;
  claim.warning = reply.text;
  claim.bytes = reply.total;
  settled_ = std::move(claim);
  return ok();
}

Result<std::optional<uint64_t>> SharedStore::settle(std::string& warning) {
  TRY(await_claim());
  if (!settled_ || !settled_->granted) return std::optional<uint64_t>();
  warning = settled_->warning;
  return std::optional(settled_->bytes);
}

Result<void> SharedStore::keep(const Digest& image, const std::string& container) {
  TRY(await_claim());
  auto request = about(Request::keep, image);
  request.container = container;
  TRY(ask(request));
  return ok();
}

Result<std::vector<Fd>> SharedStore::layers(const Digest& image) {
  TRY(await_claim());
  if (settled_ && settled_->request.image == image && !settled_->granted)
    return Error{"image " + image.text() + " is not to be had from this node's store", "import it again",
                 ESTALE};
  auto granted = mounts(image);
  if (granted.ok() || granted.error().code != EACCES) return granted;
  auto kept = about(Request::claim, image);
  kept.kept = true;
  if (TRY(ask(kept)).kind == Reply::granted) return mounts(image);
  return fail("image " + image.text() + " is not in this node's store any more, or not for this user",
              "import it again: pyxis pull");
}

Result<std::vector<Fd>> SharedStore::mounts(const Digest& image) {
  auto reply = TRY(ask(about(Request::mount, image)));
  std::vector<Fd> mounts;
  for (;;) {
    if (reply.kind == Reply::failed) return Error{reply.text, reply.remedy, reply.code};
    if (reply.kind != Reply::mounts) return unexpected();
    for (auto& each : mounts_) mounts.push_back(std::move(each));
    if (reply.left == 0) return mounts;
    reply = TRY(next_reply());
  }
}

Result<std::vector<uint64_t>> SharedStore::begin(const StorageRequest& image) {
  auto reply = TRY(ask(image));
  if (reply.kind != Reply::wanted) return unexpected();
  return reply.layers;
}

Result<void> SharedStore::bring(uint64_t layer) {
  StorageRequest request;
  request.kind = Request::bring;
  request.layer = layer;
  return send(request);
}

Result<void> SharedStore::drop(uint64_t layer) {
  StorageRequest request;
  request.kind = Request::drop;
  request.layer = layer;
  return send(request);
}

Fd SharedStore::take_descriptor() {
  return mounts_.empty() ? Fd() : std::move(mounts_.front());
}

Result<uint64_t> SharedStore::finish() {
  StorageRequest request;
  request.kind = Request::finish;
  auto reply = TRY(ask(request));
  if (reply.kind != Reply::granted) return unexpected();
  return reply.total;
}

}  // namespace pyxis
