// An importer of the site's (plugstack `importer`): a program that gets images in our place.
//
//   IMPORTER get URI    prints the absolute path of a squashfs file
//   IMPORTER release    the step does not need the file any more; also where it never did
//
// It runs as the user, with the job's environment as the engine has it; its diagnostics go to stderr.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/external_program.h"

namespace pyxis {

// The image as enroot and importers name it: with a scheme.
std::string image_uri(const std::string& image);

// The path in what `IMPORTER get` has printed. Errors: nothing, more than one line, no absolute path.
Result<std::string> parse_importer_answer(std::string_view printed);

class ExternalImporter {
 public:
  ExternalImporter(std::string program, std::vector<std::string> environment)
      : program_(std::move(program)), environment_(std::move(environment)) {}

  // An image file on this node; `image` as the user names it. ECANCELED where one of `signals` came.
  Result<std::string> get(const std::string& image, const EndSignals& signals) const;
  // To be called as often as one likes.
  Result<void> release() const;

 private:
  std::string program_;
  std::vector<std::string> environment_;
};

}  // namespace pyxis
