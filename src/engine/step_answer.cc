#include "engine/step_answer.h"

#include "base/log.h"

namespace pyxis {

Result<StartRequest> receive_start_request(int socket) {
  auto message = TRY(receive_message(socket));
  return StartRequest::decode(message.body);
}

void answer_failure(int socket, Phase phase, const Error& error) {
  Event event;
  event.kind = Event::Kind::failed;
  event.phase = phase;
  event.text = error.text();
  if (!send_message(socket, event.encode()).ok()) log::error(error.text());
}

}  // namespace pyxis
