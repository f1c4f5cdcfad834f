#include "engine/helper.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "base/pipe.h"
#include "engine/import_news.h"
#include "engine/installation.h"

namespace pyxis {
namespace {

// While it lives, a signal that asks this process to end asks the helper instead, which removes what is half
// done and ends; then its end is ours.
class EndsHelperFirst {
 public:
  // A pidfd of the helper, whose number may be another process's once it has been waited for.
  explicit EndsHelperFirst(Fd helper) : pidfd_(std::move(helper)) {
    helper_ = pidfd_.get();
    asked_ = false;
    struct sigaction forward {};
    forward.sa_handler = [](int) {
      asked_ = true;
      ::syscall(SYS_pidfd_send_signal, helper_.load(), SIGTERM, nullptr, 0);
    };
    forward.sa_flags = SA_RESTART;
    for (size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &forward, &before_[i]);
  }
  ~EndsHelperFirst() {
    for (size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
  }
  bool asked() const { return asked_; }
  EndsHelperFirst(const EndsHelperFirst&) = delete;
  EndsHelperFirst& operator=(const EndsHelperFirst&) = delete;

 private:
  static constexpr std::array signals = {SIGINT, SIGTERM, SIGHUP};
  static inline std::atomic<int> helper_;
  static inline std::atomic<bool> asked_;
  std::array<struct sigaction, signals.size()> before_{};
  Fd pidfd_;
};

// Children started while it lives may use no more than `most` of the processors that this process may: the
// next ones, counted from where it runs, so that not all of a node's users are sent to the same.
class FewerProcessors {
 public:
  explicit FewerProcessors(unsigned most) {
    if (::sched_getaffinity(0, sizeof all_, &all_) != 0) return;
    if (static_cast<unsigned>(CPU_COUNT(&all_)) <= most) return;
    cpu_set_t some;
    CPU_ZERO(&some);
    auto cpu = static_cast<size_t>(std::max(0, ::sched_getcpu()));
    for (unsigned chosen = 0; chosen < most; cpu = (cpu + 1) % CPU_SETSIZE)
      if (CPU_ISSET(cpu, &all_)) {
        CPU_SET(cpu, &some);
        ++chosen;
      }
    narrowed_ = ::sched_setaffinity(0, sizeof some, &some) == 0;
  }
  ~FewerProcessors() {
    if (narrowed_) ::sched_setaffinity(0, sizeof all_, &all_);
  }
  FewerProcessors(const FewerProcessors&) = delete;
  FewerProcessors& operator=(const FewerProcessors&) = delete;

 private:
  cpu_set_t all_;
  bool narrowed_ = false;
};

}  // namespace

Result<Helper> start_helper(const HelperCommand& command, const Settings& settings) {
  const auto& name = command.arguments.front();
  auto [ours, theirs] = TRY(make_socket_pair());
  SpawnRequest spawn_request;
  spawn_request.program = TRY(installed_part(name));
  spawn_request.arguments = command.arguments;
  spawn_request.environment = settings.environment.lines();
  spawn_request.environment.insert(spawn_request.environment.end(), command.environment.begin(),
                                   command.environment.end());
  spawn_request.descriptors = command.descriptors;
  spawn_request.descriptors.emplace_back(theirs.get(), import_news_fd);
  spawn_request.close_others = true;
  spawn_request.parent_death_signal = SIGTERM;
  FewerProcessors of_settings(settings.max_processors);
  return Helper{name, TRY(spawn(spawn_request)), std::move(ours)};
}

Result<std::string> follow_helper(Helper& helper, Reporter& reporter) {
  for (;;) {
    auto message = receive_message(helper.socket.get());
    if (!message.ok()) {
      int status = TRY(helper.child.wait());
      return fail(helper.name + " " + describe_wait_status(status) + " without a word");
    }
    auto news = TRY(ImportNews::decode(message->body));
    switch (news.kind) {
      case ImportNews::Kind::warn:
        reporter.warn(news.text);
        break;
      case ImportNews::Kind::note:
        reporter.note(news.text);
        break;
      case ImportNews::Kind::progress:
        reporter.progress(news.text, false);
        break;
      case ImportNews::Kind::progress_end:
        reporter.progress(news.text, true);
        break;
      case ImportNews::Kind::failed:
        return Error{news.text, news.remedy, news.code};
      case ImportNews::Kind::done:
        return news.text;
    }
  }
}

Result<std::string> run_helper(const HelperCommand& command, const Settings& settings, Reporter& reporter) {
  auto helper = TRY(start_helper(command, settings));
  EndsHelperFirst signals(TRY(open_pidfd(helper.child.pid())));
  auto answer = follow_helper(helper, reporter);
  // The signal was taken from this process and has to end it, also where the helper was done before it came.
  // A terminal's interrupt reaches the helper, too, which may have ended of it before we have seen ours.
  if (signals.asked() || (!answer.ok() && answer.error().code == ECANCELED))
    return Error{"cancelled", {}, ECANCELED};
  return answer;
}

}  // namespace pyxis
