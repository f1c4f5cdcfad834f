// registries.conf: whatever is accepted, the places it names are as safe in a URL as those of references.
#include <cstdlib>

#include "contract/reference.h"
#include "registry/registries_conf.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  pyxis::RegistriesConf conf;
  if (!conf.add({reinterpret_cast<const char*>(data), size}, "fuzz.conf").ok()) return 0;
  for (const auto* registry : {"registry-1.docker.io", "a.example", "x.a.example:5000"}) {
    auto endpoints = conf.endpoints(registry, "library/x");
    if (!endpoints.ok()) continue;
    for (const auto& each : *endpoints)
      if (each.repository.size() < 200 &&
          !pyxis::parse_reference("docker://" + each.registry + "#" + each.repository).ok())
        std::abort();
  }
  return 0;
}
