// `pyxis-ask head|digest|share|file|registry|policy`: what a registry says a name points to, images that go
// into the node's shared store, image files at an address, how a registry stands, and whether registries.conf
// can be read. Apart from pyxis-import because every start of an image that is present waits for the answer,
// and not for the loading of libraries that read archives.
#include <array>

#include "engine/helper_program.h"
#include "engine/import_news.h"
#include "engine/user_store.h"
#include "importer/ask.h"
#include "importer/program.h"
#include "importer/registry_check.h"
#include "importer/share.h"
#include "importer/url_image.h"

namespace pyxis {
namespace {

Result<std::string> share(const Settings& given, const ImportRequest& request, Reporter& reporter) {
  auto settings = given;
  settings.shared_store = SharedStore::connect(Fd(import_storage_fd));
  if (!settings.shared_store) return fail("the storage helper of this node is gone", "run the command again");
  auto store = TRY(open_user_store(settings));
  return TRY(share_image(store, *settings.shared_store, settings, request, reporter, stop_on_signals()))
      .text();
}

}  // namespace
}  // namespace pyxis

int main(int argc, char** argv) {
  static constexpr std::array verbs = {pyxis::NamedVerb{"head", pyxis::ask_name},
                                       pyxis::NamedVerb{"digest", pyxis::ask_manifest_digest},
                                       pyxis::NamedVerb{"share", pyxis::share},
                                       pyxis::NamedVerb{"file", pyxis::bring_url_image},
                                       pyxis::NamedVerb{"registry", pyxis::check_registry},
                                       pyxis::NamedVerb{"policy", pyxis::check_policy}};
  return pyxis::run_importer(argc, argv, verbs);
}
