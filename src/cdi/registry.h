// The specifications of a node, and the devices in them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cdi/spec.h"
#include "contract/device_name.h"

namespace pyxis::cdi {

// A file as it was read, or why it could not be.
struct SpecFile {
  std::string path;
  size_t directory = 0;  // the number of its directory: what is in a later one takes precedence
  Result<std::string> text;
};

class Registry {
 public:
  // `places` is what messages call where the files are from: "/etc/cdi and /var/run/cdi".
  Registry(const std::vector<SpecFile>& files, std::string places);

  struct File {
    std::string path, kind;
    size_t directory;
    Result<Spec> spec;
  };

  const std::vector<File>& files() const { return files_; }
  bool has(const DeviceName& device) const;

  // What the devices ask for, in their order; what a specification says of all its devices comes once, before
  // the first of them. Errors: a device that there is not, with those that there are; one that two files of
  // one directory have, with both; a file of a kind that is asked for and is broken (others are not looked
  // at); what a user's container cannot have.
  Result<Edits> edits_of(const std::vector<DeviceName>& devices) const;

 private:
  Result<const Spec*> find(const DeviceName& device) const;
  Error not_found(const DeviceName& device) const;

  std::vector<File> files_;
  std::string places_;
};

}  // namespace pyxis::cdi
