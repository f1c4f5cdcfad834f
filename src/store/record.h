// The JSON files in which the store keeps what it knows of its layers, images and containers.
#pragma once

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/fs.h"
#include "base/result.h"
#include "image/digest.h"

namespace pyxis {

// What `read` makes of the object in `file` below `dir`. Content that a crash or a hand has damaged (no JSON,
// members of the wrong type) is an error without code that names `owner`, never an exception.
template <class Read>
auto read_record(int dir, const std::string& file, const std::string& owner, Read&& read)
    -> decltype(read(std::declval<const nlohmann::json&>())) {
  auto entry = nlohmann::json::parse(TRY(read_file(dir, file)), nullptr, false);
  try {
    if (entry.is_object()) return read(entry);
  } catch (const nlohmann::json::exception&) {
  }
  return fail(owner + ": " + file + " is damaged");
}

// Whether a syncfs has written `digest`'s directory in `directory` to disk (layers.h).
inline bool marked_durable(int directory, const Digest& digest) {
  return ::faccessat(directory, (digest.hex() + "/durable").c_str(), F_OK, 0) == 0;
}

}  // namespace pyxis
