// Environment definition files, and what is passed on of them: srun's word, to slurmstepd.
#include <cstdlib>

#include "edf/document.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  using namespace pyxis;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto file = EnvironmentFile::decode(text); file.ok()) {
    auto again = EnvironmentFile::decode(file->encode());
    // What was written by us is read back, unless it has become too long by its own backslashes.
    if (again.ok() && !(*again == *file)) std::abort();
  }
  if (size > edf::max_file_bytes) return 0;
  auto variables = [](std::string_view name) -> std::optional<std::string> {
    if (name == "A") return "a";
    return std::nullopt;
  };
  auto document = edf::parse_document(text, variables);
  if (!document.problems.empty()) return 0;
  auto again = edf::parse_document(edf::render(document.own), variables);
  if (!again.problems.empty() || !(again.own == document.own)) std::abort();
  return 0;
}
