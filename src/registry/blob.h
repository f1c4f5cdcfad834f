// One blob of a repository as one unbroken stream, however often the connection breaks.
#pragma once

#include <stop_token>

#include "contract/reference.h"
#include "image/manifest.h"
#include "registry/client.h"
#include "registry/http_settings.h"
#include "registry/session.h"

namespace pyxis {

// Contract: Client::fetch_blob(). `object` begins error texts.
Result<void> stream_blob(Session& session, const HttpSettings& settings, const Descriptor& blob,
                         const std::string& object, const BlobSink& sink, const std::stop_token& stop);

}  // namespace pyxis
