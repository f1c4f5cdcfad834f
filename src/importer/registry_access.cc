#include "importer/registry_access.h"

#include <algorithm>

#include "engine/configuration_files.h"
#include "engine/import.h"
#include "registry/host_certificates.h"

namespace pyxis {

Result<ClientSettings> registry_settings(const Settings& settings, Patience patience, Reporter& reporter) {
  ClientSettings client;
  for (const auto& file : TRY(configuration_with_extras(settings.sysconf_path, "registries.conf", ".conf")))
    TRY(client.registries.add(file.text, file.path));
  client.http.certificate_directories = certificate_directories(settings.sysconf_path);
  client.http.connect_timeout = settings.connect_timeout;
  client.http.transfer_timeout = settings.transfer_timeout;
  client.http.max_connections = settings.max_connections;
  client.http.allow_http = settings.allow_http;
  if (settings.transfer_retries > 0) client.http.retries = settings.transfer_retries;
  // Connecting takes its part of it.
  client.http.answer_timeout = std::max(client.http.answer_timeout, 2 * settings.connect_timeout);
  if (patience == Patience::brief) {
    client.http.retries = 0;
    client.http.connect_timeout = std::min(settings.connect_timeout, std::chrono::seconds(5));
    client.http.stall_timeout = std::chrono::seconds(10);
    client.http.total_answer_timeout = std::chrono::seconds(15);
  }
  client.http.take_environment(settings.environment);
  auto places = settings.environment;
  places.set("ENROOT_CONFIG_PATH", settings.config_path);
  client.credentials = CredentialPlaces::of(places);
  client.warn = [&reporter](std::string_view line) { reporter.warn(std::string(line)); };
  // What only asks what a name means does so at each start.
  if (patience == Patience::patient)
    client.note = [&reporter](std::string_view line) { reporter.note(std::string(line)); };
  return client;
}

Result<std::unique_ptr<Client>> open_registry(const Reference& reference, const Settings& settings,
                                              Patience patience, Reporter& reporter, std::stop_token stop) {
  if (reference.scheme != Reference::Scheme::docker)
    return fail("no image of a registry: " + reference.canonical());
  return std::make_unique<Client>(TRY(registry_settings(settings, patience, reporter)), std::move(stop));
}

}  // namespace pyxis
