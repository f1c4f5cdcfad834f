#include "image/json_fields.h"

#include "base/text.h"

namespace pyxis::json {
namespace {

Error wrong_type(const char* name, std::string_view wanted) {
  return fail("field '" + std::string(name) + "' is not " + std::string(wanted));
}

Result<std::string> checked_text(const Value& value, const char* name) {
  const auto* text = value.get_ptr<const std::string*>();
  if (!text) return wrong_type(name, "a text");
  if (text->find('\0') != text->npos) return fail("field '" + std::string(name) + "' holds a NUL character");
  return *text;
}

// Counts as the parser does, up to the first error, where that one stops.
bool nested_too_deep(std::string_view bytes) {
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    char c = bytes[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) return true;
    } else if (c == ']' || c == '}') {
      if (depth > 0) --depth;
    }
  }
  return false;
}

}  // namespace

Value parse(std::string_view bytes) {
  if (nested_too_deep(bytes)) return Value::value_t::discarded;
  return Value::parse(bytes.begin(), bytes.end(), nullptr, false);
}

Result<Value> parse_object(std::string_view bytes, std::string_view what) {
  if (nested_too_deep(bytes))
    return fail(std::string(what) + " is nested more than " + std::to_string(max_depth) + " deep");
  auto document = Value::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (document.is_object()) return document;
  auto line = first_line(bytes);
  return fail(std::string(what) + " is not " + (document.is_discarded() ? "JSON" : "a JSON object") + ": " +
              (line.empty() ? "it is empty" : "it begins '" + line + "'"));
}

const Value* member(const Value& object, const char* name) {
  if (!object.is_object()) return nullptr;
  auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::string> text(const Value& object, const char* name) {
  const auto* value = member(object, name);
  if (!value) return std::string();
  return checked_text(*value, name);
}

Result<std::uint64_t> number(const Value& object, const char* name) {
  const auto* value = member(object, name);
  if (!value) return std::uint64_t{0};
  if (!value->is_number_unsigned()) return wrong_type(name, "a whole number of zero or more");
  return value->get<std::uint64_t>();
}

Result<std::vector<std::string>> text_list(const Value& object, const char* name) {
  std::vector<std::string> out;
  const auto* value = member(object, name);
  if (!value) return out;
  if (value->is_string()) {
    out.push_back(TRY(checked_text(*value, name)));
    return out;
  }
  if (!value->is_array()) return wrong_type(name, "a list of texts");
  out.reserve(value->size());
  for (const auto& item : *value) out.push_back(TRY(checked_text(item, name)));
  return out;
}

std::string first_line(std::string_view body) {
  constexpr size_t shown = 200;
  body = body.substr(0, 64u << 10);
  auto begin = body.find_first_not_of(" \t\r\n");
  if (begin == body.npos) return {};
  auto line = trim(body.substr(begin, body.substr(begin).find('\n')));
  return printable(line.substr(0, shown)) + (line.size() > shown ? "..." : "");
}

}  // namespace pyxis::json
