// `pyxis-import VERB USER REFERENCE PLATFORM SHOWN-AS`, started by the engine (engine/import.h); not for people.

#include <sys/stat.h>

#include "base/log.h"
#include "engine/import_news.h"
#include "engine/user_store.h"
#include "importer/download.h"

namespace pyxis {
namespace {

// Tells the engine. If that is gone there is nobody left to tell, and SIGTERM is on its way.
void tell(const ImportNews& news) { (void)send_message(import_news_fd, news.encode()); }

class NewsReporter : public Reporter {
 public:
  void importing(const std::string&) override {}
  void imported(const std::string&) override {}
  void warn(const std::string& line) override { tell({ImportNews::Kind::warn, line, {}, 0}); }
  void progress(const std::string& line, bool final) override {
    tell({final ? ImportNews::Kind::progress_end : ImportNews::Kind::progress, line, {}, 0});
  }
};

Result<Digest> act(const std::string& verb, const ImportRequest& request, const Settings& settings) {
  NewsReporter reporter;
  if (verb == "head") return ask_digest(settings, request, reporter);
  if (verb == "digest") return ask_manifest_digest(settings, request, reporter);
  if (verb != "import") return fail("pyxis-import: unknown request " + verb);
  auto store = TRY(open_user_store(settings));
  TRY(store.sweep_staging());
  return download_image(store, settings, request, reporter);
}

Result<Digest> run(char** arguments) {
  ImportRequest request;
  request.reference = TRY(parse_reference(arguments[3]));
  request.reference.user = arguments[2];
  request.platform = TRY(parse_platform(arguments[4]));
  request.shown_as = arguments[5];
  return act(arguments[1], request, TRY(load_settings(Environment::capture())));
}

int answer(char** arguments) {
  auto digest = run(arguments);
  if (digest.ok()) tell({ImportNews::Kind::done, digest->text(), {}, 0});
  else tell({ImportNews::Kind::failed, digest.error().message, digest.error().remedy, digest.error().code});
  return digest.ok() ? 0 : 1;
}

}  // namespace
}  // namespace pyxis

int main(int argc, char** argv) {
  if (argc != 6) {
    pyxis::log::error("pyxis-import is started by pyxis; see 'pyxis --help'");
    return 1;
  }
  ::umask(022);  // the job's own would decide about the modes of what is shared by its containers
  try {
    return pyxis::answer(argv);
  } catch (const std::exception& error) {
    pyxis::tell({pyxis::ImportNews::Kind::failed, std::string("internal error: ") + error.what(), {}, 0});
    return 1;
  }
}
