#include "engine/helper_program.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <thread>

#include "base/log.h"
#include "engine/import_news.h"

namespace pyxis {
namespace {

// Tells the engine. If that is gone there is nobody left to tell, and SIGTERM is on its way.
void tell(const ImportNews& news) {
  (void)send_message(import_news_fd, news.encode());
}

class NewsReporter : public Reporter {
 public:
  void importing(const std::string&) override {}
  void imported(const std::string&) override {}
  void warn(const std::string& line) override { tell({ImportNews::Kind::warn, line, {}, 0}); }
  void note(const std::string& line) override { tell({ImportNews::Kind::note, line, {}, 0}); }
  void progress(const std::string& line, bool final) override {
    tell({final ? ImportNews::Kind::progress_end : ImportNews::Kind::progress, line, {}, 0});
  }
};

}  // namespace

int run_helper_program(std::span<char* const> command_line, std::span<const HelperVerb> verbs) {
  auto verb = std::ranges::find_if(verbs, [&](const HelperVerb& each) {
    return command_line.size() == each.arguments + 2 && command_line[1] == each.name;
  });
  if (verb == verbs.end()) {
    log::error("this program is started by pyxis; see 'pyxis --help'");
    return 1;
  }
  try {
    NewsReporter reporter;
    auto done = verb->act(command_line.subspan(2), reporter);
    if (done.ok())
      tell({ImportNews::Kind::done, *done, {}, 0});
    else
      tell({ImportNews::Kind::failed, done.error().message, done.error().remedy, done.error().code});
    return done.ok() ? 0 : 1;
  } catch (const std::bad_alloc&) {
    tell({ImportNews::Kind::failed, "not enough memory", {}, ENOMEM});
    return 1;
  } catch (const std::exception& error) {
    tell({ImportNews::Kind::failed, std::string("internal error: ") + error.what(), {}, 0});
    return 1;
  }
}

std::stop_token stop_on_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, number);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  static auto& source = *new std::stop_source;  // outlives the thread
  std::thread([signals] {
    int number;
    ::sigwait(&signals, &number);
    source.request_stop();
    // Locks that other processes hold are not waited for with an eye on this. (Further signals are no reason
    // to leave without tidying: a terminal's interrupt comes from the engine as well.)
    constexpr unsigned patience = 5;
    ::alarm(patience);  // its signal ends the process
  }).detach();
  return source.get_token();
}

}  // namespace pyxis
