// `pyxis-unpack FORM`: unpacks the blob on a descriptor into the directory on another (layer_report.h).
// Started by the storage helper, as the store's user: what reads hostile archives can reach nothing but that
// directory.
#include <sys/stat.h>

#include <array>
#include <cstring>

#include "base/log.h"
#include "contract/message.h"
#include "layer/byte_source.h"
#include "layer/unpack.h"
#include "storage/confine.h"
#include "storage/layer_report.h"

namespace pyxis {
namespace {

// To the end of the blob: whoever hashes it needs all of it, also where the archive ends before.
Result<void> drain(ByteSource& blob) {
  std::array<std::byte, 64 << 10> buffer;
  while (TRY(blob.read(buffer)) > 0) {
  }
  return ok();
}

Result<LayerMeta> unpack() {
  TRY(confine_to_layer(unpack_directory_fd_of_layer));
  FdSource blob(unpack_blob_fd);
  auto facts = TRY(unpack_layer(blob, unpack_directory_fd_of_layer));
  TRY(drain(blob));
  LayerMeta meta{0, facts.files, facts.bytes, {}, facts.implied_directories, facts.hides_lower_layers};
  for (auto& link : facts.external_links) meta.links.push_back({link.path, link.target});
  return meta;
}

}  // namespace
}  // namespace pyxis

int main(int argc, char**) {
  struct stat info;
  if (argc != 1 || ::fstat(pyxis::unpack_report_fd, &info) != 0 || !S_ISSOCK(info.st_mode)) {
    pyxis::log::error("this program is started by pyxis-storage; see 'pyxis --help'");
    return 1;
  }
  auto report = [] {
    try {
      return pyxis::encode_layer_report(pyxis::unpack());
    } catch (const std::bad_alloc&) {
      return pyxis::encode_layer_report(pyxis::Error{"not enough memory", {}, ENOMEM});
    } catch (const std::exception& error) {
      return pyxis::encode_layer_report(pyxis::fail(std::string("internal error: ") + error.what()));
    }
  }();
  return pyxis::send_message(pyxis::unpack_report_fd, report).ok() ? 0 : 1;
}
