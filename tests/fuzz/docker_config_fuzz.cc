// Docker's config.json and what credential helpers print.
#include "registry/docker_config.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)pyxis::parse_helper_answer(text);
  auto config = pyxis::parse_docker_config(text);
  if (!config.ok()) return 0;
  for (const auto& [key, auth] : config->auths) {
    (void)pyxis::find_auth(*config, {key, "a/b", "", ""});
    (void)pyxis::find_helper(*config, key);
  }
  return 0;
}
