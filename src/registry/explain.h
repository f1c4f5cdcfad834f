// Error texts for what a registry or its token server answered: cause, object, identity, remedy.
#pragma once

#include <string>

#include "base/result.h"
#include "contract/reference.h"
#include "registry/http.h"

namespace pyxis {

struct Inquiry {
  std::string object;    // "docker://registry/name:tag: manifest"
  std::string registry;  // as in Reference
  std::string server;    // host that answers where it is not the registry: its token server
  std::string user;      // asked for in the image's name, or ""
  std::string identity;  // "user me (from FILE)", or "" for anonymous
  std::string places;    // files that were looked into
  unsigned attempts = 1;
};

// The registry's own words: "CODE: message" of a JSON errors list, `details` or `message` of a token server,
// else the first line of what came. Printable and bounded; "" where the body is empty.
std::string words_of(const HttpResponse& response);

// For an outcome that is a failure or whose status is not the one hoped for.
Error explain(const Inquiry& inquiry, const HttpOutcome& outcome);

// "401 Unauthorized"
std::string status_text(long status);

}  // namespace pyxis
