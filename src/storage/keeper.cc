#include "storage/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>

#include "base/passed_descriptors.h"
#include "base/pipe.h"
#include "base/process.h"
#include "contract/reference.h"
#include "contract/storage.h"
#include "engine/image_fixups.h"
#include "image/manifest.h"
#include "storage/grants.h"
#include "storage/layer_job.h"
#include "storage/layout.h"
#include "storage/mount_order.h"
#include "storage/user_socket.h"
#include "store/collection.h"
#include "store/images.h"
#include "store/layers.h"

namespace pyxis {
namespace {

using Kind = StorageReply::Kind;

constexpr std::chrono::seconds engine_patience{30};  // for a whole message, either way
constexpr timeval send_patience{.tv_sec = 30, .tv_usec = 0};
constexpr unsigned most_mounts = 64;                // of an image, by one step
constexpr unsigned most_outside_steps = 16;         // helpers of a user
constexpr std::chrono::seconds asking_patience{1};  // of one too many

StorageReply simple(Kind kind, std::string text = {}) {
  StorageReply reply;
  reply.kind = kind;
  reply.text = std::move(text);
  return reply;
}

Error out_of_order() {
  return sys_error("message out of order", EBADMSG);
}

// An image that is coming in.
struct Filling {
  StoredImage image;
  ImageOrigin origin;
  std::vector<Descriptor> layers;
  bool vouched = false;
  std::set<Digest> had;  // layers that are there and this user's
};

struct RunningJob {
  Child process;
  Fd reports;
  uint64_t layer = 0;
};

class Keeper {
 public:
  Keeper(KeeperPlan plan, Store store, Grants grants)
      : plan_(std::move(plan)),
        store_(std::move(store)),
        grants_(std::move(grants)),
        registries_(plan_.libexec + "/pyxis-vouch"),
        entitlement_(grants_, plan_.entitlement, registries_) {
    auto policy = plan_.entitlement.policy;
    if (policy == AskPolicy::always || policy == AskPolicy::reachable) registries_.prepare();
  }

  // An Error ends the connection.
  Result<void> run() {
    if (outside_steps() && !TRY(take_turn())) return send_away();
    TRY(receive_mounts());  // the parent is ready
    while (plan_.leash && (plan_.engine || !outside_steps())) TRY(wait_once());
    return ok();
  }

 private:
  Result<void> wait_once() {
    std::vector<pollfd> watched = {{plan_.leash.get(), POLLIN, 0}, {plan_.engine.get(), POLLIN, 0}};
    for (const auto& job : jobs_) watched.push_back({job.reports.get(), POLLIN, 0});
    if (::poll(watched.data(), watched.size(), -1) < 0)
      return errno == EINTR ? ok() : Result<void>(sys_error("poll"));
    if (watched[0].revents) plan_.leash.reset();
    if (watched[1].revents) take_request();
    // Backwards: a job that is over leaves the list.
    for (size_t i = watched.size(); i-- > 2;)
      if (watched[i].revents) TRY(take_report(i - 2));
    return ok();
  }

  // What it uses stays in use for as long as the step lasts.
  void hang_up() {
    plan_.engine.reset();
    jobs_.clear();  // kills them
  }

  void take_request() {
    auto message = receive_plain_message(plan_.engine.get(), max_storage_message_bytes, engine_patience);
    auto request = message.ok() ? StorageRequest::decode(*message) : Result<StorageRequest>(message.error());
    if (!request.ok() && request.error().code == 0) say(StorageReply::failure(request.error()));
    if (!request.ok()) return hang_up();
    auto answered = answer(*request);
    if (answered.ok()) return;
    if (answered.error().code == EBADMSG) return hang_up();
    say(StorageReply::failure(answered.error(), request->layer));
  }

  void say(const StorageReply& reply, const std::vector<int>& descriptors = {}) {
    if (!descriptors.empty() && plan_.engine && !drained(plan_.engine.get(), engine_patience))
      return hang_up();
    if (plan_.engine && !send_message(plan_.engine.get(), reply.encode(), descriptors).ok()) hang_up();
  }

  Result<void> answer(const StorageRequest& request) {
    if (outside_steps() && !served_outside(request.kind)) return out_of_order();
    switch (request.kind) {
      case StorageRequest::Kind::hello:
        say(simple(Kind::ready, user_store_path(plan_.root, plan_.user)));
        return ok();
      case StorageRequest::Kind::claim:
        return claim(request);
      case StorageRequest::Kind::begin:
        return begin(request);
      case StorageRequest::Kind::bring:
        return bring(request.layer);
      case StorageRequest::Kind::drop:
        return drop(request.layer);
      case StorageRequest::Kind::finish:
        return finish();
      case StorageRequest::Kind::mount:
        return mount(request.image);
      case StorageRequest::Kind::keep:
        return keep(request.image, request.container);
    }
    return out_of_order();
  }

  // --- without a step, by a helper that its user has started -----------------------------------------------

  bool outside_steps() const { return plan_.entitlement.policy == AskPolicy::kept; }

  // There, a user makes as many helpers as he likes, and can have them stopped whenever he likes: they are
  // few and take no lock that others wait for.
  static bool served_outside(StorageRequest::Kind kind) {
    return kind == StorageRequest::Kind::hello || kind == StorageRequest::Kind::claim ||
           kind == StorageRequest::Kind::mount;
  }

  Result<bool> take_turn() {
    auto name = "outside-" + std::to_string(plan_.user) + "-";
    for (unsigned n = 0; !turn_ && n < most_outside_steps; ++n)
      turn_ = TRY(store_.try_lock_exclusive(name + std::to_string(n)));
    return static_cast<bool>(turn_);
  }

  // Once it has asked, so that it finds the connection open.
  Result<void> send_away() {
    TRY(receive_plain_message(plan_.engine.get(), max_storage_message_bytes, asking_patience));
    say(StorageReply::failure(
        fail("too many containers are being started on images of this node", "run the command again")));
    return ok();
  }

  // --- images that are there ------------------------------------------------------------------------------

  // Whoever may not have an image does not learn whether it is there.
  Result<void> claim(const StorageRequest& request) {
    // Without a registry to ask, how long the answer takes would tell.
    bool nobodys = outside_steps() && !grants_.kept(request.image);
    auto image = nobodys ? std::nullopt : TRY(find_image(store_, request.image));
    auto decision = image ? entitlement_.decide(request, *image) : Entitlement::Decision{};
    if (decision.granted && TRY(grant_present(request.image, decision.text))) {
      registries_.dismiss();  // once the engine has its answer: that takes a moment
      return ok();
    }
    auto absent = simple(Kind::absent);
    // The same for one that is not there, and whatever the registry said.
    absent.code = request.authorization.empty() ? EACCES : 0;
    say(absent);
    return ok();
  }

  // False where it was removed meanwhile.
  Result<bool> grant_present(const Digest& digest, const std::string& warning) {
    // Outside of steps a container keeps it.
    auto hold = outside_steps() ? Fd() : TRY(hold_images(store_));
    TRY(use(digest));
    auto image = TRY(find_image(store_, digest));
    if (!image) return false;
    TRY(grant(digest, warning, TRY(layer_bytes(*image))));
    return true;
  }

  // Of what is in use, or cannot be removed because of hold_images().
  Result<void> grant(const Digest& image, const std::string& warning, uint64_t bytes) {
    TRY(use(image));
    granted_.insert(image);
    TRY(make_directory_at(store_.uses(), image.hex(), 0700));
    touch_image(store_, image);
    auto granted = simple(Kind::granted, warning);
    granted.total = bytes;
    say(granted);
    return ok();
  }

  Result<void> use(const Digest& image) {
    if (!uses_.contains(image)) uses_.emplace(image, TRY(store_.lock_shared("use-" + image.hex())));
    return ok();
  }

  Result<void> keep(const Digest& image, const std::string& container) {
    if (!granted_.contains(image)) return Error{"image " + image.text() + " was not granted", {}, EACCES};
    // Of containers elsewhere it could not be seen when they are gone: those are claimed anew at each start.
    if (container.starts_with(user_store_path(plan_.root, plan_.user) + "/containers/"))
      TRY(grants_.keep(image, container));
    say(simple(Kind::granted));
    return ok();
  }

  Result<void> mount(const Digest& image) {
    if (!granted_.contains(image)) return Error{"image " + image.text() + " was not granted", {}, EACCES};
    if (++mounted_[image] > most_mounts)
      return Error{"image " + image.text() + " was mounted too often", {}, EAGAIN};
    const auto& hex = image.hex();
    if (::send(plan_.mounter.get(), hex.data(), hex.size(), MSG_NOSIGNAL) < 0)
      return sys_error("ask for mounts");
    for (;;) {
      auto [answer, mounts] = TRY(receive_mounts());
      if (answer.code != 0) return sys_error("mount the layers of image " + image.text(), answer.code);
      auto reply = simple(Kind::mounts);
      reply.left = answer.left;
      std::vector<int> descriptors;
      for (const auto& each : mounts) descriptors.push_back(each.get());
      say(reply, descriptors);
      if (answer.left == 0) return ok();
    }
  }

  Result<std::pair<MountAnswer, std::vector<Fd>>> receive_mounts() {
    MountAnswer answer;
    iovec vector{&answer, sizeof answer};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    PassedDescriptors passed;
    passed.make_room(message);
    ssize_t got;
    while ((got = ::recvmsg(plan_.mounter.get(), &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    auto mounts = got < 0 ? std::vector<Fd>() : PassedDescriptors::take(message);
    if (got != sizeof answer) return sys_error("the storage helper's parent is gone", ECONNRESET);
    return std::pair{answer, std::move(mounts)};
  }

  // --- an image that comes in -----------------------------------------------------------------------------

  LayerJob job_of(uint64_t number, Fd reports = {}) const {
    return {store_,           grants_,           filling_->layers[number], number,
            filling_->origin, filling_->vouched, std::move(reports),       plan_.libexec + "/pyxis-unpack"};
  }

  Result<void> begin(const StorageRequest& request) {
    if (!jobs_.empty()) return out_of_order();
    filling_.reset();
    if (request.manifest.size() > max_manifest_bytes || request.config.size() > max_config_bytes)
      return fail("image " + request.reference + " has too long a manifest or configuration");
    auto parsed = TRY(parse_manifest(request.manifest));
    auto* manifest = std::get_if<Manifest>(&parsed);
    if (!manifest) return fail("no manifest of an image");
    if (auto named = parse_reference(request.reference); !named.ok()) return std::move(named).error();
    if (Digest::of(request.config) != manifest->config.digest)
      return fail("the image's configuration is not the one that its manifest names");
    Filling filling;
    filling.origin = request.origin;
    filling.layers = manifest->layers;
    filling.image.digest = Digest::of(request.manifest);
    filling.image.reference = request.reference;
    filling.image.manifest = request.manifest;
    filling.image.config = request.config;
    for (const auto& layer : manifest->layers) filling.image.layers.push_back(layer.digest);
    // Asked now, while its answer is not waited for by another: what is missing others may bring meanwhile.
    auto verdict = entitlement_.vouch(request.origin, filling.image.digest, request.authorization).verdict;
    filling.vouched = verdict == Verdict::yes;
    filling_ = std::move(filling);
    auto wanted = simple(Kind::wanted);
    for (uint64_t number = 0; number < filling_->layers.size(); ++number) {
      if (TRY(has_layer(job_of(number))))
        filling_->had.insert(filling_->layers[number].digest);
      else
        wanted.layers.push_back(number);
    }
    say(wanted);
    return ok();
  }

  Result<void> bring(uint64_t number) {
    if (!filling_ || number >= filling_->layers.size()) return out_of_order();
    if (jobs_.size() >= max_storage_jobs)
      return Error{"too many layers at once", "run the command again", EAGAIN};
    auto [ours, theirs] = TRY(make_socket_pair());
    pid_t parent = ::getpid(), pid = ::fork();
    if (pid < 0) return sys_error("fork");
    if (pid == 0) {
      ours.reset();
      plan_.engine.reset();
      plan_.leash.reset();
      plan_.mounter.reset();
      registries_.abandon();
      run_layer_job(job_of(number, std::move(theirs)), parent);
      ::_exit(0);
    }
    jobs_.push_back({Child(pid), std::move(ours), number});
    return ok();
  }

  // It is not wanted any more: its answer is that it failed.
  Result<void> drop(uint64_t number) {
    for (auto& job : jobs_)
      if (job.layer == number) job.process = Child();  // killed
    return ok();
  }

  Result<void> take_report(size_t index) {
    if (index >= jobs_.size()) return ok();  // all were dropped meanwhile
    auto& job = jobs_[index];
    auto message = receive_message(job.reports.get());
    auto report = message.ok() ? StorageReply::decode(message->body) : Result<StorageReply>(message.error());
    if (!report.ok())
      report = StorageReply::failure(
          fail("the import of a layer ended unexpectedly", "run the command again"), job.layer);
    std::vector<int> descriptors;
    if (message.ok())
      for (const auto& each : message->descriptors) descriptors.push_back(each.get());
    bool over = report->kind != Kind::waiting && report->kind != Kind::send;
    if (report->kind == Kind::here || report->kind == Kind::brought)
      filling_->had.insert(filling_->layers[job.layer].digest);
    if (over) {
      if (job.process.pid() > 0) (void)job.process.wait();
      jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(index));
    }
    say(*report, descriptors);
    return ok();
  }

  Result<void> finish() {
    if (!filling_ || !jobs_.empty()) return out_of_order();
    auto& image = filling_->image;
    if (image.layers.empty()) return fail("the image has no layers");
    for (const auto& layer : image.layers)
      if (!filling_->had.contains(layer))
        return Error{"layer " + layer.text() + " was not brought", {}, EACCES};
    // What an image takes to make is nobody else's time: only then others are kept from collecting.
    auto staging = TRY(store_.stage());
    bool there = TRY(find_image(store_, image.digest)).has_value();
    if (!there) {
      TRY(make_fixups(store_, image, staging.fd()));
      TRY(write_file(staging.fd(), "stack", TRY(stack_of(image)), 0600));
    }
    auto hold = TRY(hold_images(store_));
    for (const auto& layer : image.layers)
      if (!TRY(layer_present(store_, layer)))
        return fail("layer " + layer.text() + " was removed while others were brought",
                    "run the command again");
    if (there && !TRY(find_image(store_, image.digest)))
      return fail("image " + image.digest.text() + " was removed meanwhile", "run the command again");
    if (!there) TRY(publish_image(store_, std::move(staging), image));
    TRY(grants_.grant(image.digest, filling_->origin));
    auto bytes = TRY(layer_bytes(image));
    if (!there) make_durable_later();
    auto digest = image.digest;
    filling_.reset();
    TRY(grant(digest, {}, bytes));
    registries_.dismiss();
    return ok();
  }

  // Unpacked, each once.
  Result<uint64_t> layer_bytes(const StoredImage& image) const {
    uint64_t bytes = 0;
    for (const auto& layer : std::set<Digest>(image.layers.begin(), image.layers.end()))
      bytes += TRY(read_layer_meta(store_, layer)).bytes;
    return bytes;
  }

  // Bottom first, as paths in the store.
  Result<std::string> stack_of(const StoredImage& image) const {
    std::string lines;
    for (const auto& path : TRY(image_layer_paths(store_, image)))
      lines += path.substr(store_.path().size() + 1) + "\n";
    return lines;
  }

  // By a process that nobody waits for.
  void make_durable_later() const {
    pid_t pid = ::fork();
    if (pid != 0) {
      if (pid > 0) Child(pid).wait().ok();
      return;
    }
    if (::fork() == 0) {
      ::setsid();
      ::prctl(PR_SET_NAME, "pyxis-sync");
      auto image = filling_->image.digest;
      close_from(3);  // the user's connection, and locks
      if (auto store = Store::open(shared_store_path(plan_.root), [] { return StoreForm::overlay; });
          store.ok())
        (void)make_image_durable(*store, image);
    }
    ::_exit(0);
  }

  KeeperPlan plan_;
  Store store_;
  Grants grants_;
  Registries registries_;
  Entitlement entitlement_;
  std::map<Digest, Fd> uses_;
  std::set<Digest> granted_;
  std::map<Digest, unsigned> mounted_;
  std::optional<Filling> filling_;
  std::vector<RunningJob> jobs_;
  Fd turn_;  // outside steps
};

}  // namespace

Result<void> run_keeper(KeeperPlan plan) {
  ::setsockopt(plan.engine.get(), SOL_SOCKET, SO_SNDTIMEO, &send_patience, sizeof send_patience);
  auto store = TRY(Store::open(shared_store_path(plan.root), [] { return StoreForm::overlay; }));
  auto grants = TRY(Grants::open(store, plan.user));
  return Keeper(std::move(plan), std::move(store), std::move(grants)).run();
}

}  // namespace pyxis
