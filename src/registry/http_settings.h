// How this program speaks HTTP: plain data, filled by the engine's settings.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/environment.h"

namespace pyxis {

struct HttpSettings {
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds transfer_timeout{0};  // of one transfer as a whole; 0: none
  std::chrono::seconds stall_timeout{
      60};  // without one byte from the server; the receiver's own time does not count
  // Of an answer as a whole, redirects included, up to the first byte for a sink: what is not a blob is
  // small.
  std::chrono::seconds answer_timeout{60};
  // Of all such answers together; 0: none.
  std::chrono::seconds total_answer_timeout{0};
  // Bytes a second for a sink, on average over each stall_timeout; the receiver's own time does not count.
  unsigned lowest_rate = 1000;
  unsigned retries = 5;  // attempts after the first; one that made progress starts the count again
  std::chrono::milliseconds first_wait{500};  // before the first retry, doubled for each one after it
  std::chrono::milliseconds longest_wait{
      std::chrono::seconds(60)};  // a Retry-After beyond it ends the attempts
  unsigned max_connections = 10;
  bool allow_http = false;            // plain HTTP for registries other than this machine
  std::string ca_file, ca_directory;  // instead of the system's
  std::string http_proxy, https_proxy, all_proxy, no_proxy;
  std::string user_agent = "pyxis/" PYXIS_VERSION;

  // Where hosts have certificates of their own (registry/host_certificates.h), the first that counts first.
  std::vector<std::string> certificate_directories;

  // Waits; false if `stop` came first. Tests put their own here.
  std::function<bool(std::chrono::milliseconds, const std::stop_token&)> wait;

  // http_proxy, https_proxy, all_proxy, no_proxy (upper case too, but not HTTP_PROXY, which a CGI request can
  // set), SSL_CERT_FILE, SSL_CERT_DIR. What is unset stays as it is.
  void take_environment(const Environment& environment);
};

// The wait of settings.wait, or a real one.
bool wait_or_stop(const HttpSettings& settings, std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace pyxis
