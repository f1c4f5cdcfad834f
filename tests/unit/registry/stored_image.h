// Images made of thin air for tests, and the answers a registry gives about them.
#pragma once

#include <map>
#include <string>

#include "contract/reference.h"
#include "fake_server.h"
#include "image/manifest.h"
#include "registry/client.h"

namespace pyxis::test {

// Bytes that no proxy or compressor could invent: the same for the same seed.
std::string noise(size_t size, unsigned seed = 1);

struct StoredImage {
  std::map<std::string, std::string> blobs;      // digest → content
  std::map<std::string, std::string> manifests;  // digest → content
  std::map<std::string, std::string> tags;       // tag → digest

  Descriptor add_blob(const std::string& content,
                      const std::string& type = "application/vnd.oci.image.layer.v1.tar+gzip");
  // Of a config with this architecture and the layers given; its descriptor.
  Descriptor add_manifest(const std::string& architecture, const std::vector<Descriptor>& layers);
  Descriptor add_index(const std::vector<std::pair<std::string, Descriptor>>& by_architecture);
};

// 200, 206 or 404 for /v2/NAME/{manifests,blobs}/...
ServerResponse serve_image(const StoredImage& image, const ServerRequest& request);

// A client without credentials, whose waits end at once and are counted.
ClientSettings quick_settings(int* waits = nullptr);

// "docker://ADDRESS/repo/image:TAG"
Reference reference_at(const FakeServer& server, const std::string& tag = "latest");

}  // namespace pyxis::test
