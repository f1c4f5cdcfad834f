// The user's own store, and what its file system and the kernel allow.
#pragma once

#include "base/result.h"
#include "engine/settings.h"
#include "store/containers.h"
#include "store/store.h"

namespace pyxis {

// Opens the store at settings.data_path, or that at settings.cache_path with the containers of the former.
// Where there is none it is made, in the form its file system can hold.
Result<Store> open_user_store(const Settings& settings);

// What a new container in this store can be: an overlay where the kernel mounts one here, else a flat copy.
// Probed once per store and kernel release; the answer is kept in the file `overlay` of the store.
struct FormChoice {
  ContainerForm form;
  std::string why;  // why not an overlay
};
Result<FormChoice> choose_container_form(const Store& store);

}  // namespace pyxis
