// `pyxis-import import`: brings an image into the user's store.
#include <array>

#include "engine/helper_program.h"
#include "engine/user_store.h"
#include "importer/download.h"
#include "importer/program.h"

namespace pyxis {
namespace {

Result<std::string> import(const Settings& settings, const ImportRequest& request, Reporter& reporter) {
  auto store = TRY(open_user_store(settings));
  TRY(store.sweep_staging());
  return TRY(download_image(store, settings, request, reporter, stop_on_signals())).text();
}

}  // namespace
}  // namespace pyxis

int main(int argc, char** argv) {
  static constexpr std::array verbs = {pyxis::NamedVerb{"import", pyxis::import}};
  return pyxis::run_importer(argc, argv, verbs);
}
