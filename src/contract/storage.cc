#include "contract/storage.h"

#include <algorithm>
#include <climits>

namespace pyxis {
namespace {

// Plugin, engine and helper are installed together; this tells where they were not.
constexpr uint64_t storage_version = 1;

constexpr size_t max_name_bytes = 1024;                // of registries, repositories, references
constexpr size_t max_authorization_bytes = 64u << 10;  // tokens are some kilobytes

bool printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

// What becomes part of a header, a path or a log.
Result<std::string> read_line(MessageReader& reader, size_t limit) {
  auto text = TRY(reader.text());
  if (text.size() > limit || !printable_ascii(text))
    return sys_error("unacceptable text in message", EBADMSG);
  return text;
}

// What can be a part of a URL without becoming another one. (Reference::parse() lets less through.)
bool is_origin(const ImageOrigin& origin) {
  auto safe = [](std::string_view text, std::string_view more) {
    return std::ranges::all_of(text, [&](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             more.find(c) != more.npos;
    });
  };
  if (origin.empty()) return origin.repository.empty();
  if (("/" + origin.repository + "/").find("/./") != std::string::npos) return false;
  return safe(origin.registry, ".-:[]") && safe(origin.repository, "._-/") && !origin.repository.empty() &&
         origin.repository.find("..") == std::string::npos && origin.repository.front() != '/';
}

Result<Digest> read_digest(MessageReader& reader) {
  auto text = TRY(reader.text());
  if (text.empty()) return Digest();
  auto digest = Digest::parse(text);
  if (!digest.ok()) return sys_error("no digest in message", EBADMSG);
  return digest;
}

void write_digest(MessageWriter& writer, const Digest& digest) {
  writer.text(digest.empty() ? "" : digest.text());
}

template <class Kind>
Result<Kind> begin(MessageReader& reader, Kind last) {
  uint64_t version = TRY(reader.number());
  if (version != storage_version)
    return fail("pyxis and pyxis-storage are of different releases",
                "install the plugin, pyxis and pyxis-storage from one release and restart slurmd");
  uint64_t kind = TRY(reader.number());
  if (kind > static_cast<uint64_t>(last)) return sys_error("unknown message", EBADMSG);
  return static_cast<Kind>(kind);
}

Result<void> end(const MessageReader& reader) {
  if (!reader.at_end()) return sys_error("message too long", EBADMSG);
  return ok();
}

}  // namespace

std::string StorageRequest::encode() const {
  MessageWriter writer;
  writer.number(storage_version);
  writer.number(static_cast<uint64_t>(kind));
  write_digest(writer, image);
  writer.number(kept);
  for (const auto* text :
       {&origin.registry, &origin.repository, &authorization, &reference, &manifest, &config})
    writer.text(*text);
  writer.text(container);
  writer.number(layer);
  return writer.take();
}

Result<StorageRequest> StorageRequest::decode(std::string_view body) {
  MessageReader reader(body);
  StorageRequest request;
  request.kind = TRY(begin(reader, Kind::keep));
  request.image = TRY(read_digest(reader));
  request.kept = TRY(reader.number()) != 0;
  request.origin.registry = TRY(read_line(reader, max_name_bytes));
  request.origin.repository = TRY(read_line(reader, max_name_bytes));
  request.authorization = TRY(read_line(reader, max_authorization_bytes));
  request.reference = TRY(read_line(reader, max_name_bytes));
  request.manifest = TRY(reader.text());
  request.config = TRY(reader.text());
  request.container = TRY(reader.text());
  if (request.container.size() > PATH_MAX) return sys_error("too long a path in message", EBADMSG);
  request.layer = TRY(reader.number());
  TRY(end(reader));
  if (!is_origin(request.origin)) return sys_error("no registry in message", EBADMSG);
  bool of_an_image = request.kind == Kind::claim || request.kind == Kind::mount || request.kind == Kind::keep;
  if (of_an_image && request.image.empty()) return sys_error("no image in message", EBADMSG);
  return request;
}

StorageReply StorageReply::failure(const Error& error, uint64_t layer) {
  StorageReply reply;
  reply.kind = Kind::failed;
  reply.text = error.message;
  reply.remedy = error.remedy;
  reply.code = error.code;
  reply.layer = layer;
  return reply;
}

std::string StorageReply::encode() const {
  MessageWriter writer;
  writer.number(storage_version);
  writer.number(static_cast<uint64_t>(kind));
  writer.text(text);
  writer.text(remedy);
  writer.number(static_cast<uint64_t>(code));
  for (uint64_t number : {layer, done, total, left}) writer.number(number);
  writer.number(layers.size());
  for (uint64_t number : layers) writer.number(number);
  return writer.take();
}

Result<StorageReply> StorageReply::decode(std::string_view body) {
  MessageReader reader(body);
  StorageReply reply;
  reply.kind = TRY(begin(reader, Kind::failed));
  reply.text = TRY(reader.text());
  reply.remedy = TRY(reader.text());
  reply.code = static_cast<int>(TRY(reader.number()));
  for (auto* number : {&reply.layer, &reply.done, &reply.total, &reply.left}) *number = TRY(reader.number());
  for (uint64_t count = TRY(reader.number()); count > 0; --count)
    reply.layers.push_back(TRY(reader.number()));
  TRY(end(reader));
  return reply;
}

}  // namespace pyxis
