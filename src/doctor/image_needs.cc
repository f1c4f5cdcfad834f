#include "doctor/image_needs.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "base/fs.h"
#include "base/text.h"
#include "contract/message.h"

namespace pyxis::doctor {
namespace {

// Where distributions have libraries, and where MPI and GPU images have theirs. Directories directly below
// the last ones are looked into, too: /usr/lib/x86_64-linux-gnu, /opt/openmpi/lib.
constexpr std::array library_directories = {
    "lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib", "usr/local/lib64", "usr/local/cuda/lib64"};
constexpr std::array software_directories = {"opt", "usr/local"};
constexpr size_t most_names = 100'000;  // of one directory
constexpr size_t longest_library = 16 << 20;

std::vector<std::string> names_in(int root, const std::string& directory) {
  auto opened = open_in_root(root, directory, O_RDONLY | O_DIRECTORY);
  auto names = opened.ok() ? list_directory(opened->get(), most_names)
                           : Result<std::vector<std::string>>(opened.error());
  if (!names.ok()) return {};
  std::ranges::sort(*names);
  return std::move(*names);
}

std::vector<std::string> places_of_libraries(int root) {
  std::vector<std::string> places;
  for (std::string directory : library_directories) {
    places.push_back(directory);
    for (const auto& name : names_in(root, directory))
      if (name.find("-linux-") != name.npos) places.push_back(directory + "/" + name);
  }
  for (std::string directory : software_directories)
    for (const auto& name : names_in(root, directory))
      for (const char* lib : {"/lib", "/lib64", "/latest/lib"})
        places.push_back(directory + "/" + name + lib);
  return places;
}

// "2.19.3" of "libnccl.so.2.19.3".
std::string version_after(std::string_view name, std::string_view prefix) {
  auto version = name.substr(std::min(prefix.size(), name.size()));
  return version.find_first_not_of("0123456789.") == version.npos ? std::string(version) : "";
}

void take_library(ImageNeeds& needs, const std::string& directory, const std::string& name) {
  auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (begins("ld-musl-")) needs.musl = true;
  if (begins("libfabric.so.1")) needs.libfabric = true;
  if (begins("libibverbs.so.1")) needs.libibverbs = true;
  if (begins("libnccl.so.2")) needs.nccl = std::max(needs.nccl, version_after(name, "libnccl.so."));
  // The numbers of the interfaces: Open MPI's has been 40 since 2.0, that of MPICH and all that are
  // compatible with it is 12.
  if (begins("libmpi.so.40") || begins("libmpi.so.20")) {
    needs.mpi = Mpi::open_mpi;
    needs.mpi_library = name;
  } else if (begins("libmpi.so.12") || begins("libmpich.so.12")) {
    needs.mpi = directory.find("intel") == directory.npos ? Mpi::mpich : Mpi::intel;
    needs.mpi_library = name;
  }
}

void take_glibc(ImageNeeds& needs, int root, const std::string& directory) {
  auto library = open_in_root(root, directory + "/libc.so.6", O_RDONLY | O_NONBLOCK);
  auto bytes = library.ok() ? read_fd(library->get(), longest_library) : Result<std::string>(library.error());
  if (bytes.ok()) needs.glibc = glibc_release(*bytes);
}

// "12.2" of CUDA_VERSION=12.2.140, else of NVIDIA_REQUIRE_CUDA="cuda>=12.2 brand=...".
std::string cuda_of(const Environment& environment) {
  auto text = environment.get_or("CUDA_VERSION", "");
  if (text.empty()) {
    auto required = environment.get_or("NVIDIA_REQUIRE_CUDA", "");
    constexpr std::string_view begin = "cuda>=";
    if (auto at = required.find(begin); at != required.npos) text = required.substr(at + begin.size());
  }
  auto parts = split(text.substr(0, text.find_first_not_of("0123456789.")), '.');
  return parts.size() < 2 || parts[0].empty() ? "" : parts[0] + "." + parts[1];
}

}  // namespace

std::string ImageNeeds::encode() const {
  MessageWriter writer;
  for (const auto* text : {&glibc, &mpi_library, &nccl, &cuda}) writer.text(*text);
  for (uint64_t number : {static_cast<uint64_t>(mpi), uint64_t{musl}, uint64_t{libfabric},
                          uint64_t{libibverbs}, uint64_t{cuda_compat}})
    writer.number(number);
  return writer.take();
}

Result<ImageNeeds> ImageNeeds::decode(std::string_view body) {
  MessageReader reader(body);
  ImageNeeds needs;
  for (auto* text : {&needs.glibc, &needs.mpi_library, &needs.nccl, &needs.cuda}) *text = TRY(reader.text());
  auto kind = TRY(reader.number());
  if (kind > static_cast<uint64_t>(Mpi::intel)) return sys_error("needs of an image", EBADMSG);
  needs.mpi = static_cast<Mpi>(kind);
  for (auto* flag : {&needs.musl, &needs.libfabric, &needs.libibverbs, &needs.cuda_compat})
    *flag = TRY(reader.number()) != 0;
  return needs;
}

ImageNeeds find_needs(int root, const Environment& environment) {
  ImageNeeds needs;
  for (const auto& place : places_of_libraries(root)) {
    for (const auto& name : names_in(root, place)) {
      take_library(needs, place, name);
      if (name == "libc.so.6" && needs.glibc.empty()) take_glibc(needs, root, place);
    }
  }
  needs.cuda = cuda_of(environment);
  if (needs.nccl.empty()) needs.nccl = environment.get_or("NCCL_VERSION", "");
  needs.cuda_compat = !names_in(root, "usr/local/cuda/compat").empty();
  return needs;
}

std::string glibc_release(std::string_view library) {
  // What it prints when it is executed: "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36."
  auto begin = library.find("GNU C Library ");
  if (begin == library.npos) return "";
  auto line = library.substr(begin, 200);
  constexpr std::string_view words = "release version ";
  auto at = line.find(words);
  if (at == line.npos) return "";
  auto version = line.substr(at + words.size());
  version = version.substr(0, version.find_first_not_of("0123456789."));
  while (version.ends_with('.')) version.remove_suffix(1);
  return std::string(version);
}

bool older(const std::string& one, const std::string& other) {
  auto left = split(one, '.'), right = split(other, '.');
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    auto number = [i](const std::vector<std::string>& parts) {
      return i < parts.size() ? parse_number<unsigned>(parts[i]).value_or(0) : 0;
    };
    if (number(left) != number(right)) return number(left) < number(right);
  }
  return false;
}

std::string driver_for_cuda(const std::string& cuda) {
  constexpr std::array<std::pair<const char*, const char*>, 4> rows = {
      {{"10", "410.48"}, {"11", "450.80.02"}, {"12", "525.60.13"}, {"13", "580.65.06"}}};
  auto major = cuda.substr(0, cuda.find('.'));
  for (const auto& [release, driver] : rows)
    if (major == release) return driver;
  return "";
}

}  // namespace pyxis::doctor
