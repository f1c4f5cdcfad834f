#include "importer/program.h"

#include <sys/stat.h>

#include <vector>

#include "contract/image_file_name.h"
#include "engine/helper_program.h"
#include "engine/import_news.h"

namespace pyxis {
namespace {

std::string whole_name(const std::string& argument, const Environment& environment) {
  bool cut = is_address(argument) && argument.find('?') != argument.npos;
  return cut ? environment.get_or(whole_address_variable, argument) : argument;
}

}  // namespace

int run_importer(int argc, char** argv, std::span<const NamedVerb> verbs) {
  ::umask(022);  // the job's own would decide about the modes of what is shared by its containers
  std::vector<HelperVerb> helper_verbs;
  for (const auto& verb : verbs) {
    auto act = [&verb](std::span<char* const> arguments, Reporter& reporter) -> Result<std::string> {
      ImportRequest request;
      auto environment = Environment::capture();
      request.reference = TRY(parse_reference(whole_name(arguments[1], environment)));
      request.reference.user = arguments[0];
      request.platform = TRY(parse_platform(arguments[2]));
      request.shown_as = arguments[3];
      auto settings = TRY(load_settings(environment));
      return verb.act(settings, request, reporter);
    };
    helper_verbs.push_back({verb.name, 4, act});
  }
  return run_helper_program({argv, static_cast<size_t>(argc)}, helper_verbs);
}

}  // namespace pyxis
