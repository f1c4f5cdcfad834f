// One environment definition file, as text: TOML (toml.io, 1.0.0), with the keys `image`, `base_environment`,
// `mounts`, `workdir`, `entrypoint`, `writable`, `devices`, `env` and `annotations`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edf/definition.h"
#include "edf/substitution.h"

namespace pyxis::edf {

constexpr size_t max_file_bytes = 256u << 10;

// Something to say about a place of a file: line and column count from 1, bytes of the line.
struct Remark {
  unsigned line = 0, column = 0;
  std::string key;  // "mounts[2]", "env.PATH"; empty: the file itself
  Error error;      // cause and remedy

  // "FILE:LINE:COLUMN: KEY: cause; remedy"
  std::string text(const std::string& file) const;
};

struct Base {
  std::string name;  // NAME or PATH, expanded
  unsigned line = 0, column = 0;
};

struct Document {
  Definition own;           // what it says itself
  std::vector<Base> bases;  // in the order in which they are merged
  std::vector<Remark> problems;
  std::vector<Remark> notes;  // annotations, which have no effect
};

// All that is wrong with the file is told, not only the first. What is in a document with problems is of no
// use. `variables` are those that texts may name.
Document parse_document(std::string_view text, const Lookup& variables);

}  // namespace pyxis::edf
