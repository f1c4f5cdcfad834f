#include "base/log.h"

#include <unistd.h>

#include <string>

namespace pyxis::log {
bool terminal() {
  static const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
  return is_terminal;
}

void line(Level level, std::string_view text) {
  constexpr std::string_view tags[] = {"[INFO]", "[WARN]", "[ERROR]"};
  constexpr std::string_view colours[] = {"\033[1m", "\033[1;33m", "\033[1;31m"};
  auto index = static_cast<size_t>(level);
  std::string out;
  if (terminal()) out += colours[index];
  out += tags[index];
  if (terminal()) out += "\033[0m";
  out += ' ';
  out += text;
  out += '\n';
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, out.data(), out.size());
}

}  // namespace pyxis::log
