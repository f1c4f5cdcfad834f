// Any bytes as a layer: unpacked into a directory in /dev/shm, beside a canary that must stay as it is.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/fs.h"
#include "layer/unpack.h"

namespace {

struct Scratch {
  std::string path = "/dev/shm/pyxis-layer-fuzz-XXXXXX";
  pyxis::Fd fd;

  Scratch() {
    if (!::mkdtemp(path.data())) std::abort();
    fd = pyxis::Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!pyxis::write_file(fd.get(), "canary", "untouched", 0600).ok()) std::abort();
  }
  ~Scratch() { (void)pyxis::remove_tree(AT_FDCWD, path); }

  void check() {
    auto names = pyxis::list_directory(fd.get());
    auto canary = pyxis::read_file(fd.get(), "canary");
    if (!names.ok() || names->size() != 2 || !canary.ok() || *canary != "untouched") std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Scratch scratch;
  if (size == 0) return 0;
  auto layer = pyxis::make_directory_at(scratch.fd.get(), "layer");
  if (!layer.ok()) std::abort();
  pyxis::MemorySource source(std::as_bytes(std::span(data + 1, size - 1)));
  pyxis::UnpackOptions options;
  options.form = data[0] & 1 ? pyxis::LayerForm::plain : pyxis::LayerForm::overlay;
  options.limits.bytes = 4 << 20;
  (void)pyxis::unpack_layer(source, layer->get(), options);
  scratch.check();
  if (!pyxis::remove_tree(scratch.fd.get(), "layer").ok()) std::abort();
  return 0;
}
