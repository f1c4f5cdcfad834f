#include "store/layers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "store/record.h"

namespace pyxis {
namespace {

using nlohmann::json;

template <class Read>
auto read_meta(const Store& store, const Digest& digest, Read&& read) {
  return read_record(store.layers(), digest.hex() + "/meta.json", "layer " + digest.text(),
                     std::forward<Read>(read));
}

// Names of layers may hold bytes that are no UTF-8; JSON texts may not: hex keeps them whole.
std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string from_hex(std::string_view text) {
  auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(value(text[i]) << 4 | value(text[i + 1]));
  return out;
}

}  // namespace

Result<bool> layer_present(const Store& store, const Digest& digest) {
  if (marked_durable(store.layers(), digest)) return true;
  auto boot_id = read_meta(store, digest,
                           [](const json& meta) -> Result<std::string> { return meta.value("boot_id", ""); });
  if (boot_id.ok()) return *boot_id == TRY(current_boot_id());
  if (boot_id.error().code == 0 || boot_id.error().code == ENOENT)
    return false;  // absent, or lost in a crash
  return std::move(boot_id).error();
}

Result<LayerMeta> read_layer_meta(const Store& store, const Digest& digest) {
  return read_meta(store, digest, [](const json& entry) -> Result<LayerMeta> {
    LayerMeta meta{
        entry.value("blob_bytes", 0ull),  entry.value("files", 0ull), entry.value("bytes", 0ull), {}, {},
        entry.value("hides_below", false)};
    for (const auto& link : entry.value("links", json::array()))
      meta.links.push_back({from_hex(link.value("path", "")), from_hex(link.value("target", ""))});
    for (const std::string path : entry.value("implied_directories", json::array()))
      meta.implied_directories.insert(from_hex(path));
    return meta;
  });
}

Result<Fd> lock_layer(const Store& store, const Digest& digest) {
  return store.lock_exclusive("layer-" + digest.hex());
}

Result<void> publish_layer(const Store& store, const Digest& digest, StagingDirectory staging,
                           const LayerMeta& meta) {
  json links = json::array();
  for (const auto& link : meta.links)
    links.push_back({{"path", to_hex(link.path)}, {"target", to_hex(link.target)}});
  json implied = json::array();
  for (const auto& path : meta.implied_directories) implied.push_back(to_hex(path));
  json out = {{"digest", digest.text()},
              {"blob_bytes", meta.blob_bytes},
              {"files", meta.files},
              {"bytes", meta.bytes},
              {"links", links},
              {"implied_directories", implied},
              {"hides_below", meta.hides_below},
              {"boot_id", TRY(current_boot_id())}};
  auto text = out.dump();
  if (text.size() > max_read_bytes)
    return fail("layer " + digest.text() + ": unpack: too many hard links to files of earlier layers (" +
                    std::to_string(links.size()) + ") and directories without an entry (" +
                    std::to_string(implied.size()) + "): the list of them takes " + human_bytes(text.size()) +
                    ", more than " + human_bytes(max_read_bytes),
                "build the image with fewer of them");
  TRY(write_file(staging.fd(), "meta.json", text));
  TRY(remove_tree(store.layers(), digest.hex()));  // a layer of an earlier boot that a crash left doubtful
  return staging.publish(store.layers(), digest.hex());
}

Result<void> make_layers_durable(const Store& store, const std::vector<Digest>& digests,
                                 const Digest& image) {
  std::vector<std::pair<int, const Digest*>> doubtful;
  for (const auto& digest : digests)
    if (!marked_durable(store.layers(), digest) && TRY(layer_present(store, digest)))
      doubtful.emplace_back(store.layers(), &digest);
  if (!image.empty() && !marked_durable(store.images(), image)) doubtful.emplace_back(store.images(), &image);
  if (doubtful.empty()) return ok();
  TRY(store.sync());
  std::vector<Fd> marks;
  for (const auto& [directory, digest] : doubtful)
    marks.push_back(TRY(open_at(directory, digest->hex() + "/durable", O_WRONLY | O_CREAT, 0600)));
  for (const auto& mark : marks)  // the first takes the others along, where the file system has a journal
    if (::fsync(mark.get()) != 0) return sys_error("sync " + store.path());
  return ok();
}

}  // namespace pyxis
