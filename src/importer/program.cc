#include "importer/program.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/log.h"
#include "engine/import_news.h"

namespace pyxis {
namespace {

// Tells the engine. If that is gone there is nobody left to tell, and SIGTERM is on its way.
void tell(const ImportNews& news) {
  (void)send_message(import_news_fd, news.encode());
}

class NewsReporter : public Reporter {
 public:
  void importing(const std::string&) override {}
  void imported(const std::string&) override {}
  void warn(const std::string& line) override { tell({ImportNews::Kind::warn, line, {}, 0}); }
  void progress(const std::string& line, bool final) override {
    tell({final ? ImportNews::Kind::progress_end : ImportNews::Kind::progress, line, {}, 0});
  }
};

Result<Digest> act(const NamedVerb& verb, char** arguments) {
  ImportRequest request;
  request.reference = TRY(parse_reference(arguments[3]));
  request.reference.user = arguments[2];
  request.platform = TRY(parse_platform(arguments[4]));
  request.shown_as = arguments[5];
  NewsReporter reporter;
  return verb.act(TRY(load_settings(Environment::capture())), request, reporter);
}

}  // namespace

int run_helper(int argc, char** argv, std::span<const NamedVerb> verbs) {
  auto verb = argc == 6 ? std::ranges::find(verbs, argv[1], &NamedVerb::name) : verbs.end();
  if (verb == verbs.end()) {
    log::error("this program is started by pyxis; see 'pyxis --help'");
    return 1;
  }
  ::umask(022);  // the job's own would decide about the modes of what is shared by its containers
  try {
    auto digest = act(*verb, argv);
    if (digest.ok())
      tell({ImportNews::Kind::done, digest->text(), {}, 0});
    else
      tell({ImportNews::Kind::failed, digest.error().message, digest.error().remedy, digest.error().code});
    return digest.ok() ? 0 : 1;
  } catch (const std::exception& error) {
    tell({ImportNews::Kind::failed, std::string("internal error: ") + error.what(), {}, 0});
    return 1;
  }
}

}  // namespace pyxis
