#include "stored_image.h"

#include <nlohmann/json.hpp>
#include <random>

#include "base/text.h"

namespace pyxis::test {
namespace {

nlohmann::json to_json(const Descriptor& descriptor) {
  return {
      {"mediaType", descriptor.media_type}, {"digest", descriptor.digest.text()}, {"size", descriptor.size}};
}

Descriptor put(std::map<std::string, std::string>& where, const std::string& content,
               const std::string& type) {
  Descriptor out{type, Digest::of(content), content.size(), std::nullopt};
  where[out.digest.text()] = content;
  return out;
}

ServerResponse not_found(const std::string& code) {
  return {404, {}, R"({"errors":[{"code":")" + code + R"(","message":"not known"}]})"};
}

}  // namespace

std::string noise(size_t size, unsigned seed) {
  std::minstd_rand random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random() >> 8);
  return out;
}

Descriptor StoredImage::add_blob(const std::string& content, const std::string& type) {
  return put(blobs, content, type);
}

Descriptor StoredImage::add_manifest(const std::string& architecture, const std::vector<Descriptor>& layers) {
  auto config = add_blob(nlohmann::json{{"architecture", architecture}, {"os", "linux"}}.dump(),
                         "application/vnd.oci.image.config.v1+json");
  const std::string type = "application/vnd.oci.image.manifest.v1+json";
  nlohmann::json document = {{"schemaVersion", 2}, {"mediaType", type}, {"config", to_json(config)}};
  document["layers"] = nlohmann::json::array();
  for (const auto& layer : layers) document["layers"].push_back(to_json(layer));
  return put(manifests, document.dump(), type);
}

Descriptor StoredImage::add_index(const std::vector<std::pair<std::string, Descriptor>>& by_architecture) {
  const std::string type = "application/vnd.oci.image.index.v1+json";
  nlohmann::json document = {
      {"schemaVersion", 2}, {"mediaType", type}, {"manifests", nlohmann::json::array()}};
  for (const auto& [architecture, descriptor] : by_architecture) {
    auto entry = to_json(descriptor);
    entry["platform"] = {{"os", "linux"}, {"architecture", architecture}};
    document["manifests"].push_back(entry);
  }
  return put(manifests, document.dump(), type);
}

ServerResponse serve_image(const StoredImage& image, const ServerRequest& request) {
  auto slash = request.target.rfind('/');
  auto name = request.target.substr(slash + 1);
  if (request.target == "/v2/") return {};
  if (request.target.substr(0, slash).ends_with("/manifests")) {
    auto tag = image.tags.find(name);
    auto digest = tag == image.tags.end() ? name : tag->second;
    auto found = image.manifests.find(digest);
    if (found == image.manifests.end()) return not_found("MANIFEST_UNKNOWN");
    auto type = nlohmann::json::parse(found->second).at("mediaType").get<std::string>();
    return {200, {{"Content-Type", type}, {"Docker-Content-Digest", digest}}, found->second};
  }
  auto found = image.blobs.find(name);
  if (found == image.blobs.end()) return not_found("BLOB_UNKNOWN");
  auto range = request.header("range");
  if (range.empty()) return {200, {}, found->second};
  auto begin = parse_number<size_t>(std::string_view(range).substr(6, range.size() - 7)).value();
  auto size = std::to_string(found->second.size());
  auto last = std::to_string(found->second.size() - 1);
  return {206,
          {{"Content-Range", "bytes " + std::to_string(begin) + "-" + last + "/" + size}},
          found->second.substr(begin)};
}

ClientSettings quick_settings(int* waits) {
  ClientSettings settings;
  settings.http.wait = [waits](std::chrono::milliseconds, const std::stop_token& stop) {
    if (waits) ++*waits;
    return !stop.stop_requested();
  };
  settings.warn = [](std::string_view) {};
  return settings;
}

Reference reference_at(const FakeServer& server, const std::string& tag) {
  return parse_reference("docker://" + server.address() + "/repo/image:" + tag).value();
}

}  // namespace pyxis::test
