// Bundles (contract/bundle.h): made, and read by the program in them.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "contract/bundle.h"
#include "engine/settings.h"

namespace pyxis {

struct BundleFacts {
  struct File {
    std::string path, content;
    bool executable = false;
  };
  std::string name;         // of the image
  std::string description;  // the user's
  std::string target;       // where it is extracted to
  std::string checksum;     // of all before the facts and of these, with none here; empty: none
  std::vector<File> files;  // configuration: "site/hooks.d/...", "user/...", and the library of hooks

  std::string encode() const;
  static Result<BundleFacts> decode(std::string_view body);
};

struct BundleRequest {
  std::string image;   // path of an image file
  std::string output;  // path of the bundle
  std::string description, target;
  bool replace = false, checksum = false;
  bool configuration = false;  // environ.d, mounts.d and hooks.d of site and user
};
// Errors name the file. A failure leaves none.
Result<void> make_bundle(const BundleRequest& request, const Settings& settings);

// A bundle, open.
struct Bundle {
  std::string path;
  Fd file;
  BundleTrailer trailer;
  BundleFacts facts;
};
Result<Bundle> open_bundle(const std::string& path);
// Error where its bytes are not those it was made of. Without a checksum in it: so is that.
Result<void> verify_bundle(const Bundle& bundle);

}  // namespace pyxis
