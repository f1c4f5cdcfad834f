// Files that an image gets beside those of its tree, arranged as a tree themselves.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "squash/writer.h"

namespace pyxis {

struct ExtraNode {
  const ExtraFile* file = nullptr;  // none: a directory
  std::map<std::string, ExtraNode> children;
};

// By the paths that they have in the tree of `root`, whose links to directories are followed without leaving
// it. The files stay the caller's. Errors: an empty path, too many links.
Result<ExtraNode> arrange_extra_files(const std::vector<ExtraFile>& files, int root);

}  // namespace pyxis
