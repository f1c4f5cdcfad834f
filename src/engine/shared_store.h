// The node's shared store, as an engine of a job's user reaches it: by the socket that the step was given
// (contract/storage.h). One request at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "contract/storage.h"
#include "store/shared_images.h"

namespace pyxis {

class SharedStore : public SharedImages {
 public:
  // Nothing, where nobody answers: the node has no such store.
  static std::shared_ptr<SharedStore> connect(Fd socket);
  // Outside of steps, by a helper of this process's own: only where the administrator has installed it setuid
  // root, and only what containers of this user stand on. ENOENT where it is not so installed.
  static Result<std::shared_ptr<SharedStore>> start_helper();

  int socket() const { return socket_.get(); }
  // Where the user's own store is on this node.
  const std::string& user_path() const { return user_path_; }

  // What the registry is to be asked with, where it wants to know who asks. Called once at most.
  using Authorization = std::function<Result<std::string>()>;
  // Claims the image, and returns before there is an answer: a registry may have to be asked for it. The
  // answer is seen by layers(), keep() and settle(), whichever comes first.
  Result<void> claim(const Digest& image, ImageOrigin origin, Authorization authorization);
  // The same, where that is known; empty: the registry has not wanted to know.
  Result<void> claim(const Digest& image, ImageOrigin origin, std::string authorization);
  // The bytes that the layers of what was claimed last have unpacked; nothing where it is not there, or not
  // this user's. `warning`: what the user should know of that.
  Result<std::optional<uint64_t>> settle(std::string& warning);
  // What was claimed was brought meanwhile, by another process of this user's.
  void forget_claim() { settled_.reset(); }
  // A container of the image, which was granted, is about to be made, and can be started from now on.
  Result<void> keep(const Digest& image, const std::string& container) override;
  // Of an image that was granted to this step, or is kept. ESTALE where it was claimed and is not to be had.
  Result<std::vector<Fd>> layers(const Digest& image) override;

  // The rest is for whoever brings an image (importer/share.h).
  // The layers to be brought, by number.
  Result<std::vector<uint64_t>> begin(const StorageRequest& image);
  Result<void> bring(uint64_t layer);
  Result<void> drop(uint64_t layer);
  // The descriptor that came with the reply read last; none: -1.
  Fd take_descriptor();
  Result<StorageReply> next_reply();
  // Gives the bytes that the image's layers have unpacked.
  Result<uint64_t> finish();

 private:
  explicit SharedStore(Fd socket) : socket_(std::move(socket)) {}
  struct Claim {
    StorageRequest request;
    Authorization authorization;
    bool granted = false;
    std::string warning;
    uint64_t bytes = 0;
  };

  Result<void> send_claim(Claim claim);
  Result<void> await_claim();
  Result<void> send(const StorageRequest& request);
  Result<StorageReply> ask(const StorageRequest& request);
  Result<std::vector<Fd>> mounts(const Digest& image);

  Fd socket_;
  Fd leash_;  // of a helper that this has started: it ends with it
  std::string user_path_;
  std::optional<Claim> waiting_, settled_;
  std::vector<Fd> mounts_;  // of the answer that is being read
};

}  // namespace pyxis
