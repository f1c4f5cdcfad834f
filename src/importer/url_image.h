// Image files at an address: https://HOST/PATH.sqsh.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/import.h"
#include "engine/reporter.h"
#include "engine/settings.h"

namespace pyxis {

// The path of the file in the user's store, which is what the address has now: a file that is there is asked
// about, by its ETag and date, and downloaded anew only where it has changed. Where the address does not
// answer, what is there is used, with a warning. One process at a time brings a file; others wait for it.
//
// Errors: plain http where that is not allowed, what the site has blocked, what the server says, and what is
// no image file.
Result<std::string> bring_url_image(const Settings& settings, const ImportRequest& request,
                                    Reporter& reporter);

}  // namespace pyxis
