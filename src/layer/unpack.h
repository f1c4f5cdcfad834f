// A layer's archive becomes a directory: one pass over the stream, in memory that does not depend on the
// layer's size.
//
// Formats: OCI image-spec layer.md (change sets, whiteouts); Linux Documentation/filesystems/overlayfs.rst
// (0:0 devices, user.overlay.*); pax (POSIX.1-2017, pax) and GNU tar headers, read by libarchive.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "layer/byte_source.h"

namespace pyxis {

enum class LayerForm {
  overlay,  // whiteouts are 0:0 character devices, opaque directories have user.overlay.opaque=y: mount with
            // userxattr
  plain,    // whiteouts stay files `.wh.NAME` and `.wh..wh..opq`: for file systems without device nodes or
            // xattrs
};

// Beyond these a layer is refused. The defaults leave room for every real image.
struct UnpackLimits {
  uint64_t bytes = uint64_t{16} << 40;     // decompressed stream, holes of sparse files not counted
  uint64_t entries = 100'000'000;          // archive entries
  unsigned depth = 256;                    // components of a path; one open directory each
  size_t external_link_bytes = 32u << 20;  // memory for hard links whose target is not in the layer (yet)
};

struct UnpackOptions {
  LayerForm form = LayerForm::overlay;
  UnpackLimits limits;
};

// A hard link whose target the layer does not have: the file is one of an earlier layer's. Paths relative to
// the root.
struct ExternalLink {
  std::string path, target;
  bool operator==(const ExternalLink&) const = default;
};

struct LayerFacts {
  uint64_t files = 0;        // regular files
  uint64_t directories = 0;  // made, with those the archive only implies
  uint64_t symlinks = 0, hard_links = 0, fifos = 0, whiteouts = 0, opaque_directories = 0;
  uint64_t skipped = 0;  // device nodes and sockets, which an ordinary user cannot make or has no use for
  uint64_t bytes = 0;    // content written
  uint64_t stream_bytes = 0;                  // length of the decompressed stream
  std::vector<ExternalLink> external_links;   // for resolve_external_links()
  std::set<std::string> implied_directories;  // in no entry of the archive: for restore_implied_directories()
  // The layer's root is opaque: nothing of the layers below is to be seen. overlayfs does not look at this
  // mark on the root of a lower layer, so whoever stacks layers must leave out those below.
  bool hides_lower_layers = false;
};

// Unpacks into `destination` (a descriptor of an empty directory that the caller owns and only the caller can
// reach).
//
// Everything made belongs to the caller, whoever the archive names. Directories get at least u+rwx, files
// u+r; setuid and setgid bits are dropped everywhere, sticky is kept on directories. Directories without an
// entry are 0755. Of extended attributes only user.* is set, without user.overlay.*, and only where the file
// system takes them. Device nodes and sockets are skipped.
//
// Archives are hostile until proven otherwise. Names are resolved component by component beneath
// `destination` and no symbolic link is ever followed: a leading "/" is dropped; "..", an entry below a file
// or below a symbolic link of the same layer, a hard link to outside, a whiteout of nothing and an over-long
// name are errors that name the entry. (An entry below a link cannot come from a file system's differences,
// which is what a layer is; replacing the link, as some do, silently breaks images whose /lib is a link. So
// it is refused.)
//
// Of entries with one name the last wins, but a whiteout touches earlier layers only: what the layer also
// adds stays, and if that is a directory it is opaque, whatever the order. `.wh..wh.*` other than
// `.wh..wh..opq` is aufs's and ignored.
//
// `source` may be compressed (see decompress.h) and is read to its end, so whoever hashes the bytes sees all
// of them. On an error the destination holds a part of the layer; the caller removes it. Errors name the
// entry; ENOSPC and EDQUOT also name the file system and what is used up.
Result<LayerFacts> unpack_layer(ByteSource& source, int destination, const UnpackOptions& options = {});

}  // namespace pyxis
