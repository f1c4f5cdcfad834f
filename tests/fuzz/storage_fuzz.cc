// What a job's user says to the storage helper: what is accepted survives its own encoding, and is safe in
// URLs, headers and logs.
#include <algorithm>
#include <cstdlib>

#include "contract/storage.h"

namespace {

bool is_line(const std::string& text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  auto request = pyxis::StorageRequest::decode({reinterpret_cast<const char*>(data), size});
  if (!request.ok()) return 0;
  auto again = pyxis::StorageRequest::decode(request->encode());
  if (!again.ok() || again->encode() != request->encode()) std::abort();
  const auto& [registry, repository] = request->origin;
  for (const auto& text : {registry, repository, request->authorization, request->reference})
    if (!is_line(text)) std::abort();
  if (registry.find_first_of("/?#@%\\ ") != std::string::npos ||
      repository.find_first_of("?#@%\\ ") != std::string::npos ||
      ("/" + repository + "/").find("/../") != std::string::npos)
    std::abort();
  return 0;
}
