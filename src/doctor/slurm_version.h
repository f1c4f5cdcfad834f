// Releases of Slurm, as programs print them and as plugins carry them (slurm_version.h, SLURM_VERSION_NUM).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pyxis::doctor {

struct SlurmVersion {
  unsigned major = 0, minor = 0, micro = 0;

  // Of "slurm-wlm 22.05.8\n", "slurm 23.11.0-0rc1"; nothing where there is no such number.
  static std::optional<SlurmVersion> parse(std::string_view printed);
  static SlurmVersion of_number(uint32_t number);
  std::string text() const;
  // Slurm loads a SPANK plugin where these two are its own.
  bool loads(const SlurmVersion& plugin) const { return major == plugin.major && minor == plugin.minor; }
};

}  // namespace pyxis::doctor
