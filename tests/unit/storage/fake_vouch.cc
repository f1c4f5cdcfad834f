// What stands in for `pyxis-vouch` and the registries it asks: what it answers is the repository's name.
#include <unistd.h>

#include <map>

#include "contract/message.h"
#include "storage/vouch.h"

namespace {

using namespace pyxis;

VouchReply answer(const VouchRequest& request) {
  const auto& name = request.origin.repository;
  if (name == "whom") return {Verdict::no, std::to_string(::getpid())};
  if (name == "what")
    return {Verdict::no, (request.plain_http ? "http://" : "https://") + request.origin.registry + " " +
                             request.image.text() + " " + request.authorization};
  if (name == "plain" && request.plain_http) return {Verdict::yes, {}};
  if (name == "unauthorized" && request.authorization == "Basic good") return {Verdict::yes, {}};
  const std::map<std::string, Verdict> verdicts = {
      {"yes", Verdict::yes},
      {"no", Verdict::no},
      {"unauthorized", Verdict::unauthorized},
      {"unreachable", Verdict::unreachable},
      {"no-https", Verdict::no_https},
      {"plain", Verdict::no_https},
  };
  auto verdict = verdicts.at(name);
  return {verdict, verdict == Verdict::yes ? "" : "it said " + name};
}

}  // namespace

int main() {
  for (;;) {
    auto message = receive_message(vouch_socket_fd);
    if (!message.ok()) return 0;
    auto request = VouchRequest::decode(message->body);
    if (!request.ok() || request->origin.repository == "die") return 1;
    bool nonsense = request->origin.repository == "nonsense";
    if (!send_message(vouch_socket_fd, nonsense ? "nonsense" : answer(*request).encode()).ok()) return 1;
  }
}
