// `pyxis-enroot step start|save|finish|epilog [--enroot=PATH] [--load] [--start-from-file]`: the engine that
// drives an external enroot. The plugin starts it, as the job's user, as it does `pyxis step`.
#include <exception>

#include "base/log.h"
#include "engine/installation.h"
#include "enroot/step.h"

namespace pyxis::enroot {
namespace {

Result<Options> parse_options(int count, char** words) {
  constexpr std::string_view path_option = "--enroot=";
  Options options;
  for (int i = 3; i < count; ++i) {
    std::string_view word = words[i];
    if (word.starts_with(path_option))
      options.path = word.substr(path_option.size());
    else if (word == "--load")
      options.load = true;
    else if (word == "--start-from-file")
      options.start_from_file = true;
    else
      return fail("unknown option '" + std::string(word) + "'");
  }
  return options;
}

// Variables that the container has not changed are left out of what it gives to tasks. Most images set the
// usual PATH, which must not look unchanged: so enroot gets another one.
Result<Environment> tell_apart(Environment environment) {
  auto leader = TRY(installed_part("pyxis-leader"));
  environment.set("PATH",
                  environment.get_or("PATH", "/usr/bin:/bin") + ":" + leader.substr(0, leader.rfind('/')));
  return environment;
}

int run(int count, char** words) {
  std::string_view verb = count > 2 && std::string_view(words[1]) == "step" ? words[2] : "";
  auto options = parse_options(count, words);
  auto environment = tell_apart(Environment::capture());
  if (!options.ok() || !environment.ok()) {
    log::error(options.ok() ? environment.error().text() : options.error().text());
    return 1;
  }
  if (verb == "start") return step_start(*options, *environment);
  if (verb == "save") return step_save(*options, *environment);
  if (verb == "finish") return step_finish(*options, *environment);
  if (verb == "epilog") return step_epilog(*options, *environment);
  log::error("this program is started by the plugin, where plugstack.conf says engine=enroot");
  return 1;
}

}  // namespace
}  // namespace pyxis::enroot

int main(int count, char** words) {
  try {
    return pyxis::enroot::run(count, words);
  } catch (const std::exception& error) {
    pyxis::log::error(std::string("internal error: ") + error.what());
    return 1;
  }
}
