// Any bytes as a layer: unpacked into a directory in /dev/shm, beside a canary that must stay as it is.
#include <cstdlib>
#include <cstring>

#include "base/fs.h"
#include "scratch.h"
#include "layer/unpack.h"

namespace {

// The sum of a header's bytes, its own field counted as blanks, as six octal digits.
void mend_checksum(uint8_t* header) {
  constexpr size_t begin = 148, end = 156;
  std::memset(header + begin, ' ', end - begin);
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += header[i];
  for (size_t i = begin + 6; i-- > begin; sum >>= 3) header[i] = static_cast<uint8_t>('0' + (sum & 7));
}

}  // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// A mutated header with a wrong checksum would end every run at once.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned) {
  size = LLVMFuzzerMutate(data, size, max_size);
  for (size_t at = 1; at + 512 <= size; at += 512)
    if (std::memcmp(data + at + 257, "ustar", 5) == 0) mend_checksum(data + at);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Scratch scratch("layer");
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
