#include <iostream>

#include "base/fs.h"
#include "engine/import.h"
#include "engine/import_news.h"
#include "engine/job_pins.h"
#include "engine/runtime_directory.h"
#include "engine/settings.h"
#include "engine/step.h"

namespace pyxis {
namespace {

// On a node of the job, where its epilog removes them. Elsewhere nothing would, and numbers of jobs come
// again: on another cluster, and when one is made anew.
bool has_notes(const ResolveRequest& request) {
  return request.job_id != 0 && find_runtime_directory(request.runtime_dir).ok();
}

Result<Digest> ask(const Settings& settings, const ImportRequest& image) {
  NobodyReports nobody;
  return ask_what_is_meant(settings, image, nobody);
}

Result<std::optional<Digest>> resolve(const Environment& environment, const ResolveRequest& request) {
  auto settings = TRY(load_settings(environment));
  ImportRequest image{TRY(parse_reference(request.image)), host_platform(), request.image};
  if (!has_tag(image.reference)) return std::optional<Digest>();
  if (!has_notes(request)) return std::optional(TRY(ask(settings, image)));
  const auto& notes = request.runtime_dir;
  if (auto pin = find_pin(notes, request.job_id, image.reference); pin.ok() && *pin) return *pin;
  auto digest = TRY(ask(settings, image));
  if (!note_pin(notes, request.job_id, image.reference, digest).ok()) return std::optional(digest);
  return find_pin(notes, request.job_id, image.reference);  // another srun may have been first
}

}  // namespace

int step_resolve(const Environment& environment, const ResolveRequest& request) {
  auto digest = resolve(environment, request);
  if (digest.ok() && *digest) std::cout << (*digest)->text() << "\n";
  return digest.ok() ? 0 : 1;
}

}  // namespace pyxis
