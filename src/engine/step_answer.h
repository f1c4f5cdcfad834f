// What engines of either kind receive from the plugin and answer to it when a step starts.
#pragma once

#include "contract/step.h"

namespace pyxis {

Result<StartRequest> receive_start_request(int socket);
// Says on stderr what could not be sent.
void answer_failure(int socket, Phase phase, const Error& error);

}  // namespace pyxis
