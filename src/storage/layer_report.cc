#include "storage/layer_report.h"

#include "contract/message.h"

namespace pyxis {

std::string encode_layer_report(const Result<LayerMeta>& unpacked) {
  MessageWriter writer;
  writer.number(unpacked.ok());
  if (!unpacked.ok()) {
    writer.text(unpacked.error().message);
    writer.text(unpacked.error().remedy);
    writer.number(static_cast<uint64_t>(unpacked.error().code));
    return writer.take();
  }
  writer.number(unpacked->files);
  writer.number(unpacked->bytes);
  writer.number(unpacked->links.size());
  for (const auto& link : unpacked->links) {
    writer.text(link.path);
    writer.text(link.target);
  }
  writer.texts({unpacked->implied_directories.begin(), unpacked->implied_directories.end()});
  writer.number(unpacked->hides_below);
  return writer.take();
}

Result<LayerMeta> decode_layer_report(std::string_view body) {
  MessageReader reader(body);
  if (TRY(reader.number()) == 0) {
    auto message = TRY(reader.text());
    auto remedy = TRY(reader.text());
    auto code = TRY(reader.number());  // in the braces, a return would leave what is made of the texts behind
    return Error{std::move(message), std::move(remedy), static_cast<int>(code)};
  }
  LayerMeta meta;
  meta.files = TRY(reader.number());
  meta.bytes = TRY(reader.number());
  for (uint64_t left = TRY(reader.number()); left > 0; --left) {
    LayerLink link;
    link.path = TRY(reader.text());
    link.target = TRY(reader.text());
    meta.links.push_back(std::move(link));
  }
  for (auto& path : TRY(reader.texts())) meta.implied_directories.insert(std::move(path));
  meta.hides_below = TRY(reader.number()) != 0;
  if (!reader.at_end()) return sys_error("layer report", EBADMSG);
  return meta;
}

}  // namespace pyxis
