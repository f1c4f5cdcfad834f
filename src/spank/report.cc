#include "base/text.h"
#include "spank/slurm_api.h"

namespace pyxis::spank {

void report(SlurmApi& api, const Error& error) {
  for (const auto& line : split(error.text(), '\n'))
    if (!line.empty()) api.error("pyxis: " + printable(line));
}

void tell(SlurmApi& api, const std::string& line) {
  api.say("pyxis: " + printable(line));
}

}  // namespace pyxis::spank
