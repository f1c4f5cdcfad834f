#include "importer/image_source.h"

#include <sys/stat.h>

#include "importer/archive_source.h"
#include "importer/daemon_source.h"
#include "importer/layout_source.h"
#include "importer/registry_source.h"

namespace pyxis {
namespace {

Result<Digest> file_stamp(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return sys_error(path);
  std::string text = path;
  for (auto number : {static_cast<uint64_t>(info.st_dev), static_cast<uint64_t>(info.st_ino),
                      static_cast<uint64_t>(info.st_size), static_cast<uint64_t>(info.st_ctim.tv_sec),
                      static_cast<uint64_t>(info.st_ctim.tv_nsec)})
    text += " " + std::to_string(number);
  return Digest::of(text);
}

}  // namespace

Result<Digest> source_stamp(const SourceContext& context) {
  switch (context.request.reference.scheme) {
    case Reference::Scheme::oci_archive:
    case Reference::Scheme::docker_archive:
      return file_stamp(context.request.reference.path);
    case Reference::Scheme::dockerd:
    case Reference::Scheme::podman:
      return daemon_image_id(context);
    default:
      return Digest();
  }
}

Result<std::unique_ptr<ImageSource>> open_source(const SourceContext& context) {
  TRY(check_importable(context.request.reference));
  switch (context.request.reference.scheme) {
    case Reference::Scheme::oci_dir:
      return open_layout_source(context);
    case Reference::Scheme::oci_archive:
      return open_archive_source(context, ArchiveKind::oci_layout);
    case Reference::Scheme::docker_archive:
      return open_archive_source(context, ArchiveKind::docker_save);
    case Reference::Scheme::dockerd:
    case Reference::Scheme::podman:
      return open_daemon_source(context);
    default:
      return open_registry_source(context);
  }
}

}  // namespace pyxis
