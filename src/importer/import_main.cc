// `pyxis-import import`: brings an image into the user's store, or, with `import-shared`, the node's.
#include <array>

#include "engine/helper_program.h"
#include "engine/import_news.h"
#include "engine/shared_store.h"
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

Result<std::string> import_shared(const Settings& given, const ImportRequest& request, Reporter& reporter) {
  auto settings = given;
  settings.shared_store = SharedStore::connect(Fd(import_storage_fd));
  if (!settings.shared_store) return fail("the storage helper of this node is gone", "run the command again");
  return import(settings, request, reporter);
}

}  // namespace
}  // namespace pyxis

int main(int argc, char** argv) {
  static constexpr std::array verbs = {pyxis::NamedVerb{"import", pyxis::import},
                                       pyxis::NamedVerb{"import-shared", pyxis::import_shared}};
  return pyxis::run_importer(argc, argv, verbs);
}
