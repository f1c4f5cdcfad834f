#include "engine/write_request.h"

#include "contract/message.h"

namespace pyxis {

std::string WriteRequest::encode() const {
  MessageWriter writer;
  writer.text(name);
  writer.number(replace ? 1 : 0);
  writer.text(squash_options);
  writer.number(processors);
  writer.number(epoch ? 1 : 0);
  writer.number(epoch.value_or(0));
  writer.number(extra.size());
  for (const auto& file : extra) {
    writer.text(file.path);
    writer.text(file.content);
    writer.number(file.mode);
  }
  return writer.take();
}

Result<WriteRequest> WriteRequest::decode(std::string_view body) {
  MessageReader reader(body);
  WriteRequest request;
  request.name = TRY(reader.text());
  request.replace = TRY(reader.number()) != 0;
  request.squash_options = TRY(reader.text());
  request.processors = static_cast<unsigned>(TRY(reader.number()));
  bool dated = TRY(reader.number()) != 0;
  auto epoch = static_cast<uint32_t>(TRY(reader.number()));
  if (dated) request.epoch = epoch;
  for (auto left = TRY(reader.number()); left > 0; --left) {
    File file;
    file.path = TRY(reader.text());
    file.content = TRY(reader.text());
    file.mode = static_cast<mode_t>(TRY(reader.number()));
    request.extra.push_back(std::move(file));
  }
  return request;
}

}  // namespace pyxis
