#include "squash/sif.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "squash/format.h"

namespace pyxis::squash {
namespace {

// The global header: a line for interpreters, magic, version, architecture, an id, and numbers of 8 bytes.
constexpr size_t magic_at = 32, version_at = 42, descriptors_at = 88;
constexpr std::string_view sif_magic{"SIF_MAGIC\0", 10}, sif_version{"01\0", 3};
constexpr uint64_t most_descriptors = 4096;  // the usual table has 48

// A descriptor: type, whether it is in use, id, group, link; then offset and size; at its end what is the
// type's own.
constexpr size_t descriptor_bytes = 585, used_at = 4, offset_at = 17, size_at = 25, extra_at = 201;
constexpr int32_t partition_type = 0x4004;
constexpr int32_t primary_system = 2;
enum FileSystem : int32_t { squashfs = 1, ext3 = 2, encrypted_squashfs = 5 };

struct Architecture {
  std::string_view code, name;
};
constexpr Architecture architectures[] = {{"01", "386"},      {"02", "amd64"},  {"03", "arm"},
                                          {"04", "arm64"},    {"05", "ppc64"},  {"06", "ppc64le"},
                                          {"07", "mips"},     {"08", "mipsle"}, {"09", "mips64"},
                                          {"10", "mips64le"}, {"11", "s390x"},  {"12", "riscv64"}};

#if defined(__x86_64__)
constexpr std::string_view own_code = "02";
#elif defined(__aarch64__)
constexpr std::string_view own_code = "04";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr std::string_view own_code = "06";
#else
constexpr std::string_view own_code = "";  // of whatever it is
#endif

std::string name_of(std::string_view code) {
  auto found = std::ranges::find(architectures, code, &Architecture::code);
  return found == std::end(architectures) ? "architecture '" + printable(code) + "'"
                                          : std::string(found->name);
}

Error contradiction(const std::string& what) {
  return Error{"is a damaged SIF file: " + what, "copy it anew, or make it again", EIO};
}

Result<void> check_file_system(int32_t kind) {
  switch (kind) {
    case squashfs:
      return ok();
    case encrypted_squashfs:
      return fail("is a SIF file that is encrypted, which takes its key and root to mount",
                  "make it without encryption: apptainer build without --passphrase and --pem-path");
    case ext3:
      return fail("is a SIF file whose root file system is ext3, which takes root to mount",
                  "make it again with a newer apptainer build, which takes squashfs");
    default:
      return fail("is a SIF file whose root file system is none that is known (" + std::to_string(kind) + ")",
                  "make it again: apptainer build");
  }
}

Result<void> check_architecture(const char* code) {
  std::string_view text(code, 2);
  if (own_code.empty() || text == own_code || text == std::string_view("00")) return ok();
  return fail("is a SIF file for " + name_of(text) + ", and this machine is " + name_of(own_code),
              "take one that was made for this machine's processors");
}

// Nothing where it is another object.
Result<std::optional<SifPartition>> partition_of(const char* descriptor, uint64_t file_bytes) {
  const char* extra = descriptor + extra_at;
  bool wanted = load<uint32_t>(descriptor) == partition_type && descriptor[used_at] != 0 &&
                load<uint32_t>(extra + 4) == primary_system;
  if (!wanted) return std::optional<SifPartition>();
  TRY(check_file_system(static_cast<int32_t>(load<uint32_t>(extra))));
  TRY(check_architecture(extra + 8));
  SifPartition partition{load<uint64_t>(descriptor + offset_at), load<uint64_t>(descriptor + size_at)};
  if (partition.offset < sif_header_bytes || partition.offset > file_bytes ||
      partition.bytes > file_bytes - partition.offset)
    return contradiction("its partition is not within it");
  return std::optional(partition);
}

}  // namespace

bool is_sif(std::string_view header) {
  return header.size() >= sif_header_bytes && header.substr(magic_at, sif_magic.size()) == sif_magic;
}

Result<SifPartition> find_sif_partition(std::string_view header, uint64_t file_bytes, const ReadAt& read) {
  if (header.substr(version_at, sif_version.size()) != sif_version)
    return fail("is a SIF file of version '" + printable(header.substr(version_at, 2)) + "', not 01",
                "make it again: apptainer build");
  auto count = load<uint64_t>(header.data() + descriptors_at),
       table = load<uint64_t>(header.data() + descriptors_at + 8);
  if (count > most_descriptors || table > file_bytes || file_bytes - table < count * descriptor_bytes)
    return contradiction("its table is not within it");
  std::vector<char> descriptors(count * descriptor_bytes);
  TRY(read(table, descriptors));
  for (size_t i = 0; i < count; ++i)
    if (auto partition = TRY(partition_of(descriptors.data() + i * descriptor_bytes, file_bytes)))
      return *partition;
  return fail("is a SIF file without a root file system", "give one that apptainer build made");
}

}  // namespace pyxis::squash
