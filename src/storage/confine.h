// What the unprivileged parts of the helper give up before they look at anything that a user or a network has
// sent. Each is called while there is one thread.
#pragma once

#include <string>

#include "base/result.h"
#include "storage/id_mapped.h"

namespace pyxis {

// This process becomes the store's user for good: no groups, no capabilities, no_new_privs, no core dumps,
// and no other process of that user can trace it.
Result<void> become_keeper(const Owner& owner);

// From here on: files of the store; those of the system and of the directory `programs` to be read and
// executed; no other file, no namespace, no mount, no process that is not its own child.
Result<void> confine_to_store(const std::string& store, const std::string& programs);

// From here on: what the C library and TLS read to speak with a registry, and nothing else: no program, no
// file of the store, nothing to be written.
Result<void> confine_to_network();

// From here on: files below `directory`, and nothing else.
Result<void> confine_to_layer(int directory);

// The parent's, once it is a mounter: it opens directories, clones mounts and answers, and no other call is
// its.
Result<void> confine_mounter();

}  // namespace pyxis
