#include "registry/http_settings.h"

#include <condition_variable>
#include <mutex>

namespace pyxis {

void HttpSettings::take_environment(const Environment& environment) {
  auto take = [&](std::string& field, const char* name, const char* other = nullptr) {
    if (auto value = environment.get(name))
      field = *value;
    else if (other)
      if (auto second = environment.get(other)) field = *second;
  };
  take(http_proxy, "http_proxy");
  take(https_proxy, "https_proxy", "HTTPS_PROXY");
  take(all_proxy, "all_proxy", "ALL_PROXY");
  take(no_proxy, "no_proxy", "NO_PROXY");
  take(ca_file, "SSL_CERT_FILE");
  take(ca_directory, "SSL_CERT_DIR");
}

bool wait_or_stop(const HttpSettings& settings, std::chrono::milliseconds time, const std::stop_token& stop) {
  if (settings.wait) return settings.wait(time, stop);
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock hold(mutex);
  changed.wait_for(hold, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace pyxis
