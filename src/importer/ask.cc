#include "importer/ask.h"

#include "engine/import_news.h"
#include "importer/registry_access.h"

namespace pyxis {

Result<std::string> ask_name(const Settings& settings, const ImportRequest& request, Reporter& reporter) {
  auto client = TRY(open_registry(request.reference, settings, Patience::brief, reporter));
  NameAnswer answer;
  answer.digest = TRY(client->head_manifest(request.reference));
  answer.authorization = client->authorization(request.reference);
  return answer.encode();
}

Result<std::string> ask_manifest_digest(const Settings& settings, const ImportRequest& request,
                                        Reporter& reporter) {
  auto client = TRY(open_registry(request.reference, settings, Patience::patient, reporter));
  return TRY(client->resolve(request.reference, request.platform)).manifest_digest.text();
}

}  // namespace pyxis
