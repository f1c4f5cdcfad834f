// Tags as a job has found them: resolved once, so that all its steps on this node have the same image,
// whoever pushes another one meanwhile. Notes in the runtime directory, which the epilog removes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "contract/digest.h"
#include "contract/reference.h"

namespace pyxis {

// Whether it is a tag's of a registry: what it means can change.
bool has_tag(const Reference& name);

// What the name points to for the job: an index's or a manifest's digest. Nothing, where no step has resolved
// it yet.
Result<std::optional<Digest>> find_pin(const std::string& runtime_path, uint64_t job, const Reference& name);
// The first one counts.
Result<void> note_pin(const std::string& runtime_path, uint64_t job, const Reference& name,
                      const Digest& digest);
void forget_pins(const std::string& runtime_path, uint64_t job);

}  // namespace pyxis
