// Images in archives: of OCI layouts, and of the kind that `docker save` writes.
#pragma once

#include "importer/image_source.h"
#include "layer/byte_source.h"

namespace pyxis {

enum class ArchiveKind { oci_layout, docker_save };

// Of the archive that `input` is; errors name `shown_as`. Reads it to its end.
Result<std::unique_ptr<ImageSource>> read_archive_source(const SourceContext& context, ArchiveKind kind,
                                                         ByteSource& input, const std::string& shown_as);

// The same of the file that the request names.
Result<std::unique_ptr<ImageSource>> open_archive_source(const SourceContext& context, ArchiveKind kind);

}  // namespace pyxis
