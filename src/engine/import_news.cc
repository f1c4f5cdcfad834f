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
  if (kind > static_cast<uint64_t>(Kind::note)) return sys_error("unknown news of the import", EBADMSG);
  news.kind = static_cast<Kind>(kind);
  news.text = TRY(reader.text());
  news.remedy = TRY(reader.text());
  news.code = static_cast<int>(TRY(reader.number()));
  return news;
}

std::string NameAnswer::encode() const {
  return digest.text() + "\n" + authorization;
}

Result<NameAnswer> NameAnswer::decode(std::string_view text) {
  auto line = text.find('\n');
  if (line == text.npos) return sys_error("answer about a name", EBADMSG);
  return NameAnswer{TRY(Digest::parse(text.substr(0, line))), std::string(text.substr(line + 1))};
}

}  // namespace pyxis
