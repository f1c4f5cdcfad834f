// Names of images as users write them (spec/engine.md, "Image URIs").
//
//   docker://[USER@][REGISTRY#]IMAGE[:TAG][@DIGEST]   a registry; so is a name without a scheme
//   docker://[USER@]REGISTRY/IMAGE[:TAG][@DIGEST]     the usual Docker form
//   dockerd://IMAGE[:TAG]  podman://IMAGE[:TAG]       the local daemon or storage
//   oci:DIR[:TAG]  oci-archive:FILE  docker-archive:FILE
//   https://HOST/PATH.sqsh                            an image file at an address (or another ending of one)
//   /path or ./path                                   an image file
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "contract/digest.h"

namespace pyxis {

inline constexpr std::string_view docker_hub = "registry-1.docker.io";

struct Reference {
  enum class Scheme { docker, dockerd, podman, oci_dir, oci_archive, docker_archive, file, url };

  Scheme scheme = Scheme::docker;
  std::string user;      // docker: the identity asked for; empty: whichever the credentials have
  std::string registry;  // host or host:port, lower case; docker_hub for all of its names. Empty for a local
                         // image without one
  std::string repository;  // "library/ubuntu": every component checked, safe in a URL and in a path
  std::string tag;         // "latest" where neither tag nor digest was written (docker, dockerd, podman)
  bool tag_written = false;
  Digest digest;     // wins over the tag
  std::string path;  // oci_dir, oci_archive, docker_archive, file: as written; url: all of it

  // One spelling for one image, without the user; parse_reference() reads it back.
  // "docker://registry/repository:tag".
  std::string canonical() const;
  // The same image by digest, whatever its tag points to later.
  Reference pinned(const Digest& exact) const;
  // What a manifest is asked for by: the digest if there is one, else the tag.
  std::string selector() const { return digest.empty() ? tag : digest.text(); }
  bool operator==(const Reference&) const = default;
};

// Errors name the text, the part that is wrong and what to write instead; a password in the text is never
// repeated.
Result<Reference> parse_reference(std::string_view text);

}  // namespace pyxis
