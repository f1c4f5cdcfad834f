// Reading JSON that others wrote: no exceptions, every field checked for type, absent and null are the same.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis::json {

using Value = nlohmann::json;

// Levels of arrays and objects within each other. Nothing we read has ten; writing or copying a Value
// recurses, and a stack has an end.
constexpr size_t max_depth = 100;

// The document; a discarded Value where it is no JSON or deeper than max_depth.
Value parse(std::string_view bytes);

// The document, an object, at most max_depth deep. The error shows the first line of what came instead;
// `what` names it ("manifest").
Result<Value> parse_object(std::string_view bytes, std::string_view what);

// The member, or nullptr where it is absent or null, or `object` is not an object.
const Value* member(const Value& object, const char* name);

// Absent: the empty value. Wrong type, or a NUL in a text: an error that names the field.
Result<std::string> text(const Value& object, const char* name);
Result<std::uint64_t> number(const Value& object, const char* name);
// A list of texts; a single text counts as a list of one (old images).
Result<std::vector<std::string>> text_list(const Value& object, const char* name);

// The first non-empty line of a body, printable and bounded: what a user sees of a page that was not
// expected.
std::string first_line(std::string_view body);

}  // namespace pyxis::json
