#include "storage/vouch.h"

#include "contract/message.h"

namespace pyxis {

std::string VouchRequest::encode() const {
  MessageWriter writer;
  writer.texts({origin.registry, origin.repository, image.text(), authorization});
  writer.number(plain_http);
  return writer.take();
}

Result<VouchRequest> VouchRequest::decode(std::string_view body) {
  MessageReader reader(body);
  auto texts = TRY(reader.texts());
  if (texts.size() != 4) return sys_error("vouch request", EBADMSG);
  VouchRequest request;
  request.origin = {texts[0], texts[1]};
  request.image = TRY(Digest::parse(texts[2]));
  request.authorization = texts[3];
  request.plain_http = TRY(reader.number()) != 0;
  return request;
}

std::string VouchReply::encode() const {
  MessageWriter writer;
  writer.number(static_cast<uint64_t>(verdict));
  writer.text(text);
  return writer.take();
}

Result<VouchReply> VouchReply::decode(std::string_view body) {
  MessageReader reader(body);
  uint64_t verdict = TRY(reader.number());
  if (verdict > static_cast<uint64_t>(Verdict::no_https)) return sys_error("vouch reply", EBADMSG);
  return VouchReply{static_cast<Verdict>(verdict), TRY(reader.text())};
}

}  // namespace pyxis
