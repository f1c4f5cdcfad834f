#include "importer/ask.h"

#include "importer/registry_access.h"

namespace pyxis {

Result<Digest> ask_digest(const Settings& settings, const ImportRequest& request, Reporter& reporter) {
  auto client = TRY(open_registry(request.reference, settings, Patience::brief, reporter));
  return client->head_manifest(request.reference);
}

Result<Digest> ask_manifest_digest(const Settings& settings, const ImportRequest& request,
                                   Reporter& reporter) {
  auto client = TRY(open_registry(request.reference, settings, Patience::patient, reporter));
  return TRY(client->resolve(request.reference, request.platform)).manifest_digest;
}

}  // namespace pyxis
