// Where an image comes from: a registry, a directory or an archive, a container engine on this machine.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "engine/import.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "registry/client.h"
#include "store/store.h"

namespace pyxis {

class ImageSource {
 public:
  ImageSource() = default;
  ImageSource(const ImageSource&) = delete;
  ImageSource& operator=(const ImageSource&) = delete;
  virtual ~ImageSource() = default;

  // To the manifest for the platform; everything on the way is checked against its digest.
  virtual Result<ResolvedImage> resolve(const Platform& platform) = 0;
  // Of the resolved image, checked.
  virtual Result<std::string> config(const Descriptor& config) = 0;
  // Of the resolved image: afterwards all of these are in the store.
  virtual Result<void> bring_layers(std::span<const Descriptor> layers) = 0;
};

// What a source works with; all of it outlives the source.
struct SourceContext {
  const Store& store;
  const Settings& settings;
  const ImportRequest& request;
  Reporter& reporter;
  std::stop_token stop;
};

// The source that the request's reference names. Archives, and what an engine on this machine hands out, are
// read here, to their end.
Result<std::unique_ptr<ImageSource>> open_source(const SourceContext& context);

// What tells an image that is on this machine from another one that may be under its name later, found
// without reading the image. Empty for what has its names resolved anyway.
Result<Digest> source_stamp(const SourceContext& context);

}  // namespace pyxis
