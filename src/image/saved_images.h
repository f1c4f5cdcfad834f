// What files that hold images say of them: manifest.json as `docker save` writes it (Docker image-spec v1.2,
// "Combined Image JSON + Filesystem Changeset Format"), and index.json of OCI layouts (OCI image-spec,
// image-layout.md). Untrusted bytes in, plain checked data out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/manifest.h"

namespace pyxis {

struct SavedImage {
  std::string config;               // path of its configuration in the archive
  std::vector<std::string> layers;  // paths of its layers, lowest first
  std::vector<std::string> names;   // "debian:trixie"
};

// Of manifest.json. Errors: not a list of images, a field of the wrong type, more than max_layers layers.
Result<std::vector<SavedImage>> parse_saved_images(std::string_view bytes);

// Of index.json, the entries with that name (org.opencontainers.image.ref.name), or all where `name` is
// empty. Errors: no such name, or several where none was asked for; both list those there are.
Result<Index> parse_layout_index(std::string_view bytes, const std::string& name);

// An OCI manifest over these, for an image that came without one: the same bytes for the same image.
std::string make_manifest(const Descriptor& config, const std::vector<Descriptor>& layers);

}  // namespace pyxis
