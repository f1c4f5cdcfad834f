// What the helper programs tell the engine on descriptor 3, message by message; the last one is `done` or
// `failed`.
#pragma once

#include <string>

#include "base/result.h"
#include "contract/digest.h"
#include "contract/message.h"

namespace pyxis {

constexpr int import_news_fd = 3;
// Where `pyxis-ask share` has the way to the shared store.
constexpr int import_storage_fd = 4;

// An address whose query is a secret, in the environment: as an argument it is cut (without_query()).
constexpr auto whole_address_variable = "PYXIS_WHOLE_ADDRESS";

struct ImportNews {
  enum class Kind : uint64_t { warn, progress, progress_end, done, failed, note };
  Kind kind = Kind::done;
  std::string text;    // a line; note: of no weight; done: what the verb gives; failed: the error's message
  std::string remedy;  // failed
  int code = 0;        // failed: errno

  std::string encode() const;
  static Result<ImportNews> decode(std::string_view body);
};

// What `pyxis-ask head` ends with, as the text of `done`.
struct NameAnswer {
  Digest digest;              // what the name points to
  std::string authorization;  // the value of the header that the registry wanted for that; empty: none

  std::string encode() const;
  static Result<NameAnswer> decode(std::string_view text);
};

}  // namespace pyxis
