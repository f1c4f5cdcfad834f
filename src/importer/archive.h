// An archive with images in it, read once from its beginning to its end, as it may come from a pipe: small
// documents are kept, everything else is unpacked on the way as the layer that it mostly is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "image/digest.h"
#include "layer/byte_source.h"
#include "layer/unpack.h"
#include "store/store.h"

namespace pyxis {

class Archive {
 public:
  // `input` is a tar, compressed or not; staging directories for layers are made in `store`, which outlives
  // the archive. Errors: a broken archive, more than it may hold, a full disk. What in it is no layer is an
  // error only when it is asked for as one.
  static Result<Archive> read(ByteSource& input, const Store& store);

  struct Member {
    Digest digest;
    uint64_t size = 0;
  };
  // By path, links within the archive followed; nothing where there is no such file.
  std::optional<Member> find(const std::string& path) const;
  // The bytes of a small document, nothing where there is none.
  const std::string* document(const Digest& digest) const;
  // Publishes the layer, unless the store has it already.
  Result<void> publish_layer(const Digest& digest);

 private:
  struct UnpackedLayer {
    StagingDirectory staging;
    LayerFacts facts;
    uint64_t size = 0;
  };

  class Pass;

  explicit Archive(const Store& store) : store_(&store) {}

  const Store* store_;
  std::map<std::string, Member> members_;
  std::map<std::string, std::string> links_;
  std::map<Digest, std::string> documents_;
  std::map<Digest, std::variant<UnpackedLayer, Error>> layers_;
};

}  // namespace pyxis
