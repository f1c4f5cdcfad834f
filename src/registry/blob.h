// One blob of a repository as one unbroken stream, however often the connection breaks.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/reference.h"
#include "image/manifest.h"
#include "registry/client.h"
#include "registry/http_settings.h"
#include "registry/session.h"

namespace pyxis {

struct BlobSources {
  std::vector<Session*> sessions;  // one goes on where the one before it has failed; the last has retries
  std::function<void(Session& session)> used;                             // its first bytes are there
  std::function<void(Session& session, const Error& error)> passed_over;  // for the next one
};

// Contract: Client::fetch_blob(). `object` begins error texts.
Result<void> stream_blob(const BlobSources& sources, const HttpSettings& settings, const Descriptor& blob,
                         const std::string& object, const BlobSink& sink, const std::stop_token& stop);

}  // namespace pyxis
