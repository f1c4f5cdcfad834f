// JSON and YAML, of which the files of the Container Device Interface are either, as one kind of tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis::cdi {

// Levels of lists and tables within each other. No specification has ten.
constexpr size_t max_depth = 32;
// In one table.
constexpr size_t max_fields = 1000;

struct Value {
  // A word is what YAML has without quotes: a text, a number or a truth, as whoever reads it wants. Numbers
  // and truths of JSON are words, too.
  enum class Kind { nothing, word, text, list, table };

  Kind kind = Kind::nothing;
  std::string scalar;              // of words and texts
  std::vector<std::string> names;  // of a table's fields
  std::vector<Value> items;        // of a list; of a table, in the order of names

  // The field, or nullptr where there is none or it is empty.
  const Value* field(std::string_view name) const;
};

// Errors say the line, where that is known. Refused beside what is no JSON or YAML: what is nested too deep
// or has too many fields, a name twice in one table; in YAML, aliases (a small file could stand for a large
// one), tags, several documents.
Result<Value> parse_json(std::string_view bytes);
Result<Value> parse_yaml(std::string_view bytes);

}  // namespace pyxis::cdi
