// `pyxis-import import`: brings an image into the user's store.
#include <signal.h>
#include <unistd.h>

#include <array>
#include <stop_token>
#include <thread>

#include "engine/user_store.h"
#include "importer/download.h"
#include "importer/program.h"

namespace pyxis {
namespace {

// Requested by the signals that ask a process to end: what is half done is then removed before it does. To be
// called while there is one thread; the one that waits for them ends with the process.
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
    // The lock of a layer that another process imports is not waited for with an eye on this. (Further signals
    // are no reason to leave without tidying: a terminal's interrupt comes from the engine as well.)
    constexpr unsigned patience = 5;
    ::alarm(patience);  // its signal ends the process
  }).detach();
  return source.get_token();
}

Result<Digest> import(const Settings& settings, const ImportRequest& request, Reporter& reporter) {
  auto store = TRY(open_user_store(settings));
  TRY(store.sweep_staging());
  return download_image(store, settings, request, reporter, stop_on_signals());
}

}  // namespace
}  // namespace pyxis

int main(int argc, char** argv) {
  static constexpr std::array verbs = {pyxis::NamedVerb{"import", pyxis::import}};
  return pyxis::run_helper(argc, argv, verbs);
}
