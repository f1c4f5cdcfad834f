#include "storage/turn.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
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
constexpr int look_again = 500;            // milliseconds
constexpr uint64_t least_rate = 1u << 20;  // bytes a second, of a layer as a whole
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
Result<Fd> wait_for_lock(const Store& store, const std::string& name, uint64_t bytes, Clock::time_point last,
                         const std::function<void(uint64_t, uint64_t)>& waiting) {
  auto file = TRY(open_path(store.path() + "/locks/" + name, O_RDONLY | O_NOFOLLOW));
  LockWait wait(store, name);
  uint64_t counted = 0;
  auto deadline = Clock::now() + patience;
  while (Clock::now() < std::min(deadline, last)) {
    Progress now;
    // Somebody may say that a layer of this digest is larger than it is.
    if (::pread(file.get(), &now, sizeof now, 0) == sizeof now && now.total == bytes) {
      waiting(now.done, now.total);
      if (now.done < counted || now.done - counted >= least_progress) {
        counted = now.done;
        deadline = Clock::now() + patience;
      }
    }
    pollfd done{wait.done(), POLLIN, 0};
    if (::poll(&done, 1, look_again) < 0 && errno != EINTR) return sys_error("poll");
    if (done.revents) return wait.take();
  }
  return Fd();
}

}  // namespace

Result<Turn> Turn::take(const Store& store, const Digest& layer, uint64_t bytes,
                        const std::function<void(uint64_t, uint64_t)>& waiting) {
  // A slow connection brings a layer in that time. Then everybody goes on for himself.
  auto last = Clock::now() + patience + std::chrono::seconds(bytes / least_rate);
  for (int number = 0; number < most_turns; ++number) {
    auto name = turn_name(layer, number);
    auto lock = TRY(store.try_lock_exclusive(name));
    if (!lock) lock = TRY(wait_for_lock(store, name, bytes, last, waiting));
    if (!lock) continue;
    (void)!::ftruncate(lock.get(), 0);  // how far another one was
    return Turn(std::move(lock));
  }
  return Turn(Fd());
}

void Turn::progress(uint64_t done, uint64_t total) const {
  Progress now{done, total};
  if (lock_) (void)!::pwrite(lock_.get(), &now, sizeof now, 0);
}

}  // namespace pyxis
