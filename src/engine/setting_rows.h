// The settings of enroot.conf and the environment: how each is read, and what documents say of it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/settings.h"

namespace pyxis {

struct SettingRow {
  std::string_view name;
  const char* values;         // that it takes
  std::string_view fallback;  // what counts without it; empty: there is none
  const char* meaning;        // words of code in `backticks`
  // Into `settings`; null where it is read by what it is of use to, as by a hook.
  Result<void> (*read)(Settings& settings, const std::string& name, const std::string& value);

  bool is_flag() const;
};

// In the order of the documents.
std::span<const SettingRow> setting_rows();

}  // namespace pyxis
