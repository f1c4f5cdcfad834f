#include "imagefile/write_verb.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/disk_full.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/helper_program.h"
#include "engine/write_request.h"
#include "imagefile/byte_progress.h"
#include "imagefile/limits.h"
#include "sandbox/userns.h"
#include "squash/output_file.h"
#include "squash/writer.h"

namespace pyxis {
namespace {

// Files of the user's that their modes forbid to him are part of the tree, too: as root of a user namespace
// in which he is mapped he reads them. Where there are no user namespaces, modes decide.
void read_whatever_is_ours() {
  auto map = own_id_map(true);
  if (::unshare(CLONE_NEWUSER) == 0) (void)write_own_id_map(map);
}

Result<uint64_t> write_image(const WriteRequest& request, std::stop_token stop, Reporter& reporter) {
  auto output = TRY(OutputFile::create(write_directory_fd, request.name));
  SquashRequest squash;
  squash.root = write_tree_fd;
  squash.compression = TRY(parse_compression_options(request.squash_options));
  squash.processors = request.processors;
  squash.epoch = request.epoch;
  squash.stop = std::move(stop);
  for (const auto& file : request.extra) squash.extra.push_back({file.path, file.content, file.mode});
  ByteProgress progress(reporter, "Writing " + request.name + ": ", " packed");
  squash.progress = [&](uint64_t bytes) { progress.reached(bytes); };
  auto facts = TRY(write_squash(squash, output.fd()));
  TRY(output.publish(request.replace));
  return facts.bytes_written;
}

}  // namespace

Result<std::string> write_verb(std::span<char* const>, Reporter& reporter) {
  adapt_limits();
  auto request = TRY(WriteRequest::decode(TRY(read_fd(write_request_fd))));
  read_whatever_is_ours();  // while there is one thread
  auto written = write_image(request, stop_on_signals(), reporter);
  if (!written.ok())
    return explain_full_disk(std::move(written).error(), write_directory_fd,
                             "write the image elsewhere, or make room");
  return human_bytes(*written);
}

}  // namespace pyxis
