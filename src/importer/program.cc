#include "importer/program.h"

#include <sys/stat.h>

#include <vector>

#include "engine/helper_program.h"

namespace pyxis {

int run_importer(int argc, char** argv, std::span<const NamedVerb> verbs) {
  ::umask(022);  // the job's own would decide about the modes of what is shared by its containers
  std::vector<HelperVerb> helper_verbs;
  for (const auto& verb : verbs) {
    auto act = [&verb](std::span<char* const> arguments, Reporter& reporter) -> Result<std::string> {
      ImportRequest request;
      request.reference = TRY(parse_reference(arguments[1]));
      request.reference.user = arguments[0];
      request.platform = TRY(parse_platform(arguments[2]));
      request.shown_as = arguments[3];
      auto settings = TRY(load_settings(Environment::capture()));
      return verb.act(settings, request, reporter);
    };
    helper_verbs.push_back({verb.name, 4, act});
  }
  return run_helper_program({argv, static_cast<size_t>(argc)}, helper_verbs);
}

}  // namespace pyxis
