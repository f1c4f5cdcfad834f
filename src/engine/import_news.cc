#include "engine/import_news.h"

namespace pyxis {

std::string ImportNews::encode() const {
  MessageWriter writer;
  writer.number(static_cast<uint64_t>(kind));
  writer.text(text);
  writer.text(remedy);
  writer.number(static_cast<uint64_t>(code));
  return writer.take();
}

Result<ImportNews> ImportNews::decode(std::string_view body) {
  MessageReader reader(body);
  ImportNews news;
  uint64_t kind = TRY(reader.number());
  if (kind > static_cast<uint64_t>(Kind::failed)) return sys_error("unknown news of the import", EBADMSG);
  news.kind = static_cast<Kind>(kind);
  news.text = TRY(reader.text());
  news.remedy = TRY(reader.text());
  news.code = static_cast<int>(TRY(reader.number()));
  return news;
}

}  // namespace pyxis
