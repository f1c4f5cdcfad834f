// What is in an image that has to fit the node it runs on.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "base/result.h"

namespace pyxis::doctor {

enum class Mpi { none, open_mpi, mpich, intel };

struct ImageNeeds {
  std::string glibc;  // "2.36"
  bool musl = false;
  Mpi mpi = Mpi::none;
  std::string mpi_library;  // "libmpi.so.40.30.4"
  bool libfabric = false, libibverbs = false;
  std::string nccl;          // "2.19.3"
  std::string cuda;          // "12.2": of its environment
  bool cuda_compat = false;  // has NVIDIA's libraries for older drivers

  std::string encode() const;
  static Result<ImageNeeds> decode(std::string_view body);
};

// Of the files below `root`, which are hostile: links are resolved inside, nothing is executed. `environment`
// is the image's.
ImageNeeds find_needs(int root, const Environment& environment);

// The release of glibc that the bytes of its libc.so.6 tell; empty: none.
std::string glibc_release(std::string_view library);

// The first release of NVIDIA's driver that runs that CUDA (its release notes, "CUDA Toolkit and Minimum
// Required Driver Version for CUDA Minor Version Compatibility"); empty for what is not in the table.
std::string driver_for_cuda(const std::string& cuda);

// Whether the first dotted number is the lower one.
bool older(const std::string& one, const std::string& other);

}  // namespace pyxis::doctor
