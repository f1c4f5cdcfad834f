// Any bytes as an image file: everything in it is read, and it is unpacked into a directory in /dev/shm,
// beside a canary that must stay as it is.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/fs.h"
#include "scratch.h"
#include "squash/reader.h"
#include "squash/unpack.h"

namespace {

using pyxis::SquashReader;

constexpr unsigned most_entries = 1000, most_searches = 16;  // of a directory: not to take long

// As the kernel asks for it, up to a number of inodes: an image may hold itself.
void look_at(const SquashReader& image, uint64_t reference, unsigned& left) {
  if (left == 0) return;
  --left;
  auto inode = image.inode(reference);
  if (!inode.ok()) return;
  (void)image.attributes(**inode);
  std::array<char, 5000> part;
  for (uint64_t offset : {uint64_t{0}, uint64_t{4095}, (*inode)->size / 2, (*inode)->size - 1})
    (void)image.read(**inode, offset, part);
  auto listing = image.list(**inode);
  for (unsigned i = 0; listing.ok() && i < most_entries && left > 0; ++i) {
    auto resumed = image.list(listing->place());
    auto entry = listing->next();
    if (!entry.ok() || !*entry) return;
    auto again = resumed.ok() ? resumed->next() : pyxis::sys_error("resume", EIO);
    if (!again.ok() || !*again || (*again)->name != (*entry)->name) std::abort();
    if (i < most_searches) (void)image.find(**inode, (*entry)->name);
    look_at(image, (*entry)->reference, left);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Scratch scratch("squash");
  pyxis::Fd file(::memfd_create("image", MFD_CLOEXEC));
  if (!file || ::write(file.get(), data, size) != static_cast<ssize_t>(size)) std::abort();
  auto image = SquashReader::open(std::move(file), "image", 1 << 20);
  if (!image.ok()) return 0;
  unsigned most_inodes = 200;
  look_at(**image, (*image)->root(), most_inodes);
  auto directory = pyxis::make_directory_at(scratch.fd.get(), "image");
  if (!directory.ok()) std::abort();
  // What a few bytes can be blown up to has no end; a fuzzer's memory has.
  std::stop_source stop;
  pyxis::UnpackRequest request;
  request.destination = directory->get();
  request.threads = 1;
  request.stop = stop.get_token();
  request.progress = [&](uint64_t bytes) {
    if (bytes > 4 << 20) stop.request_stop();
  };
  (void)pyxis::unpack_image(**image, request);
  scratch.check();
  if (!pyxis::remove_tree(scratch.fd.get(), "image").ok()) std::abort();
  return 0;
}
