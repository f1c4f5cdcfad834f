#include "engine/external_importer.h"

#include "base/text.h"

namespace pyxis {

std::string image_uri(const std::string& image) {
  return image.find("://") == image.npos ? "docker://" + image : image;
}

Result<std::string> parse_importer_answer(std::string_view printed) {
  while (printed.ends_with('\n')) printed.remove_suffix(1);
  if (printed.empty()) return fail("it printed no path");
  if (printed.find('\n') != printed.npos || printed.find('\0') != printed.npos)
    return fail("it printed more than a path: \"" + printable(printed.substr(0, 200)) + "\"");
  if (printed.front() != '/') return fail("it printed no absolute path: \"" + printable(printed) + "\"");
  return std::string(printed);
}

Result<std::string> ExternalImporter::get(const std::string& image, const EndSignals& signals) const {
  auto what = "importer " + program_;
  auto outcome = TRY_CONTEXT(
      run_external_program({program_, {program_, "get", image_uri(image)}, environment_}, signals), what);
  if (!outcome.succeeded()) return outcome.failure(what + " get");
  return TRY_CONTEXT(parse_importer_answer(outcome.output), what);
}

Result<void> ExternalImporter::release() const {
  auto what = "importer " + program_;
  auto outcome = TRY_CONTEXT(run_external_program({program_, {program_, "release"}, environment_}), what);
  if (!outcome.succeeded()) return outcome.failure(what + " release");
  return ok();
}

}  // namespace pyxis
