#include "imagefile/unpack_verb.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "engine/helper_program.h"
#include "engine/unpacked_image.h"
#include "imagefile/byte_progress.h"
#include "imagefile/confine.h"
#include "imagefile/limits.h"
#include "imagefile/processors.h"
#include "squash/reader.h"
#include "squash/unpack.h"

namespace pyxis {
Result<std::string> unpack_verb(std::span<char* const> arguments, Reporter& reporter) {
  std::string name = arguments[0];
  adapt_limits();
  ::umask(0);
  UnpackRequest request;
  request.threads = usable_processors();
  TRY(limit_memory(request.threads));
  TRY(confine_to_unpacking(unpack_directory_fd));
  request.stop = stop_on_signals();
  // What follows works on an image that anybody may have written.
  auto image = TRY(SquashReader::open(Fd(unpack_image_fd), name));
  ByteProgress progress(reporter, "Unpacking " + name + ": ", "");
  request.destination = unpack_directory_fd;
  request.progress = [&](uint64_t bytes) { progress.reached(bytes); };
  TRY_CONTEXT(unpack_image(*image, request), "unpack " + name);
  return std::string();
}

}  // namespace pyxis
