// The engine's lines on stderr: "[INFO] ...", "[WARN] ...", "[ERROR] ..."; colour on a terminal only.
#pragma once

#include <string_view>

namespace pyxis::log {

enum class Level { info, warn, error };

// Writes one line with one write(2), so lines of several processes never mix.
void line(Level level, std::string_view text);
inline void info(std::string_view text) {
  line(Level::info, text);
}
inline void warn(std::string_view text) {
  line(Level::warn, text);
}
inline void error(std::string_view text) {
  line(Level::error, text);
}

// Whether standard error is one: then there are colours.
bool terminal();

}  // namespace pyxis::log
