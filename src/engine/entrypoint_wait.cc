// The engine waits for an entry point that the supervisor runs.
#include <poll.h>

#include <array>

#include "engine/entrypoint.h"
#include "engine/external_program.h"
#include "engine/import_news.h"

namespace pyxis {
namespace {

// Says now and then that it is still waiting.
class Patience {
 public:
  Patience(const std::string& name, Reporter& reporter) : name_(name), reporter_(reporter) {}

  int milliseconds() const { return waited_ == 0 ? 1000 * first : 1000 * later; }
  void run_out() {
    waited_ += waited_ == 0 ? first : later;
    reporter_.warn("waiting for the entry point " + name_ + ", which runs since " + std::to_string(waited_) +
                   " s");
  }

 private:
  static constexpr int first = 10, later = 60;  // seconds
  const std::string& name_;
  Reporter& reporter_;
  int waited_ = 0;
};

}  // namespace

Result<std::string> follow_entrypoint(int socket, const std::string& name, Reporter& reporter) {
  auto signals = TRY(EndSignals::watch());
  Patience patience(name, reporter);
  auto cancelled = [&] {
    reporter.warn("cancelled while the entry point " + name + " was running");
    return Error{"cancelled", {}, ECANCELED};
  };
  for (;;) {
    std::array<pollfd, 2> events = {{{socket, POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
    int ready = ::poll(events.data(), events.size(), patience.milliseconds());
    if (ready == 0) patience.run_out();
    if (ready > 0 && events[1].revents != 0) return cancelled();
    if (ready <= 0 || events[0].revents == 0) continue;
    auto message = receive_message(socket);
    if (!message.ok()) return fail("the supervisor of entry point " + name + " has died");
    auto news = TRY(ImportNews::decode(message->body));
    if (news.kind == ImportNews::Kind::done) return news.text;
    if (news.kind == ImportNews::Kind::warn) {
      reporter.warn(news.text);
      continue;
    }
    // What ends a step ends its processes one after another: this one may be about to hear of it.
    constexpr int next_signal_ms = 500;
    if (news.code == EINTR && ::poll(&events[1], 1, next_signal_ms) > 0) return cancelled();
    return Error{news.text, news.remedy, 0};
  }
}

}  // namespace pyxis
