#include "storage/turn.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "image/digest.h"

namespace pyxis {
namespace {

using Clock = std::chrono::steady_clock;

// A connection that brings less than this in that time keeps nobody waiting: who waits goes on beside it.
constexpr uint64_t least_progress = 1u << 20;
constexpr std::chrono::seconds patience{20};
constexpr int look_again = 500;  // milliseconds
// How many may be that slow at once before everybody goes on for himself.
constexpr int most_turns = 8;

struct Progress {
  uint64_t done = 0, total = 0;
};

std::string turn_name(const Digest& layer, int number) {
  return "layer-" + layer.hex() + (number == 0 ? "" : "." + std::to_string(number));
}

// flock(2) waits for nothing else, so a thread does.
class LockWait {
 public:
  LockWait(const Store& store, const std::string& name) : state_(std::make_shared<State>()) {
    state_->done.reset(::eventfd(0, EFD_CLOEXEC));
    std::thread([state = state_, store = &store, name] {
      auto lock = store->lock_exclusive(name);
      std::lock_guard hold(state->mutex);
      if (state->abandoned) return;  // and lets go of it
      state->lock = std::move(lock);
      uint64_t one = 1;
      [[maybe_unused]] auto written = ::write(state->done.get(), &one, sizeof one);
    }).detach();
  }
  ~LockWait() {
    std::lock_guard hold(state_->mutex);
    state_->abandoned = true;
  }
  LockWait(const LockWait&) = delete;
  LockWait& operator=(const LockWait&) = delete;

  int done() const { return state_->done.get(); }
  Result<Fd> take() {
    std::lock_guard hold(state_->mutex);
    return std::move(*state_->lock);
  }

 private:
  struct State {
    std::mutex mutex;
    Fd done;
    std::optional<Result<Fd>> lock;
    bool abandoned = false;
  };
  std::shared_ptr<State> state_;
};

// Empty: the one at work hardly gets on. How far that is is looked at now and then, to be shown; what is
// waited for is the lock. (inotify(7) would tell, but its instances are counted by user, and here all are
// one.)
Result<Fd> wait_for_lock(const Store& store, const std::string& name, int blob,
                         const std::function<void(uint64_t, uint64_t)>& waiting) {
  auto file = TRY(open_path(store.path() + "/locks/" + name, O_RDONLY | O_NOFOLLOW));
  LockWait wait(store, name);
  uint64_t counted = 0;
  auto deadline = Clock::now() + patience;
  while (Clock::now() < deadline) {
    Progress now;
    if (::pread(file.get(), &now, sizeof now, 0) == sizeof now) {
      waiting(now.done, now.total);
      if (now.done < counted || now.done - counted >= least_progress) {
        counted = now.done;
        deadline = Clock::now() + patience;
      }
    }
    std::array<pollfd, 2> watched{{{wait.done(), POLLIN, 0}, {blob, 0, 0}}};
    if (::poll(watched.data(), watched.size(), look_again) < 0 && errno != EINTR) return sys_error("poll");
    if (watched[0].revents) return wait.take();
    if (watched[1].revents) return sys_error("the layer is not wanted any more", ECANCELED);
  }
  return Fd();
}

}  // namespace

Result<Turn> Turn::take(const Store& store, const Digest& layer, int blob,
                        const std::function<void(uint64_t, uint64_t)>& waiting) {
  for (int number = 0; number < most_turns; ++number) {
    auto name = turn_name(layer, number);
    auto lock = TRY(store.try_lock_exclusive(name));
    if (!lock) lock = TRY(wait_for_lock(store, name, blob, waiting));
    if (lock) return Turn(std::move(lock));
  }
  return Turn(Fd());
}

void Turn::progress(uint64_t done, uint64_t total) const {
  Progress now{done, total};
  if (lock_) (void)!::pwrite(lock_.get(), &now, sizeof now, 0);
}

}  // namespace pyxis
