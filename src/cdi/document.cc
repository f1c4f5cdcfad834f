#include "cdi/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.h"

namespace pyxis::cdi {
namespace {

// Puts a tree together of what a parser comes across. Every function tells whether to go on.
class Builder {
 public:
  bool begin(Value::Kind kind) {
    if (open_.size() >= max_depth) return stop("nested more than " + std::to_string(max_depth) + " deep");
    if (wants_name()) return stop("a name is neither a text nor a number");
    open_.push_back({kind, {}, {}, {}});
    return true;
  }
  bool end() {
    auto value = std::move(open_.back());
    open_.pop_back();
    return add(std::move(value));
  }
  bool name(std::string text) {
    auto& here = open_.back();
    if (here.names.size() >= max_fields)
      return stop("a table has more than " + std::to_string(max_fields) + " fields");
    if (std::ranges::find(here.names, text) != here.names.end())
      return stop("field '" + printable(text) + "' is there twice");
    here.names.push_back(std::move(text));
    return true;
  }
  bool scalar(Value::Kind kind, std::string text) {
    if (text.find('\0') != text.npos) return stop("a text holds a NUL character");
    if (wants_name()) return name(std::move(text));
    return add({kind, std::move(text), {}, {}});
  }
  bool stop(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    return false;
  }

  const std::string& error() const { return error_; }
  Value take() { return std::move(root_); }

 private:
  // In a table, where the next scalar is the name of a field.
  bool wants_name() const {
    if (open_.empty()) return false;
    const auto& here = open_.back();
    return here.kind == Value::Kind::table && here.names.size() == here.items.size();
  }
  bool add(Value value) {
    if (open_.empty())
      root_ = std::move(value);
    else
      open_.back().items.push_back(std::move(value));
    return true;
  }

  std::vector<Value> open_;
  Value root_;
  std::string error_;
};

class JsonEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonEvents(Builder& builder) : builder_(builder) {}

  bool null() override { return builder_.scalar(Value::Kind::nothing, {}); }
  bool boolean(bool value) override { return builder_.scalar(Value::Kind::word, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return builder_.scalar(Value::Kind::word, std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return builder_.scalar(Value::Kind::word, std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return builder_.scalar(Value::Kind::word, text);
  }
  bool string(string_t& text) override { return builder_.scalar(Value::Kind::text, std::move(text)); }
  bool binary(binary_t&) override { return builder_.stop("there are bytes that are no text"); }
  bool start_object(size_t) override { return builder_.begin(Value::Kind::table); }
  bool start_array(size_t) override { return builder_.begin(Value::Kind::list); }
  bool end_object() override { return builder_.end(); }
  bool end_array() override { return builder_.end(); }
  bool key(string_t& text) override { return builder_.name(std::move(text)); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& why) override {
    std::string text = why.what();
    return builder_.stop("not JSON: " + printable(text.substr(std::min(text.size(), text.find("] ") + 2))));
  }

 private:
  Builder& builder_;
};

// What the parser calls has no other way out.
struct Stopped {};

class YamlEvents : public YAML::EventHandler {
 public:
  explicit YamlEvents(Builder& builder) : builder_(builder) {}

  int line() const { return line_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    go_on(mark, builder_.scalar(Value::Kind::nothing, {}));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    go_on(mark, builder_.stop("aliases (*NAME) are not taken"));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    check_tag(mark, tag);
    go_on(mark, builder_.scalar(tag == "?" ? Value::Kind::word : Value::Kind::text, value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    go_on(mark, builder_.begin(Value::Kind::list));
  }
  void OnSequenceEnd() override { builder_.end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    go_on(mark, builder_.begin(Value::Kind::table));
  }
  void OnMapEnd() override { builder_.end(); }

 private:
  // "?" and "!" are what the parser says where there is none: without quotes, and with.
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag != "?" && tag != "!" && !tag.empty())
      go_on(mark, builder_.stop("tags (" + printable(tag) + ") are not taken"));
  }
  void go_on(const YAML::Mark& mark, bool yes) {
    if (yes) return;
    line_ = mark.line + 1;
    throw Stopped();
  }

  Builder& builder_;
  int line_ = 0;
};

std::string at_line(int line) {
  return "line " + std::to_string(line) + ": ";
}

}  // namespace

const Value* Value::field(std::string_view name) const {
  auto found = std::ranges::find(names, name);
  if (kind != Kind::table || found == names.end()) return nullptr;
  const auto& item = items[static_cast<size_t>(found - names.begin())];
  return item.kind == Kind::nothing ? nullptr : &item;
}

Result<Value> parse_json(std::string_view bytes) {
  Builder builder;
  JsonEvents events(builder);
  if (!nlohmann::json::sax_parse(bytes.begin(), bytes.end(), &events)) return fail(builder.error());
  return builder.take();
}

Result<Value> parse_yaml(std::string_view bytes) {
  Builder builder;
  YamlEvents events(builder);
  try {
    std::istringstream stream{std::string(bytes)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(events)) return fail("it is empty");
    auto value = builder.take();
    if (parser.HandleNextDocument(events)) return fail("there is more than one document in it");
    return value;
  } catch (const Stopped&) {
    return fail(at_line(events.line()) + builder.error());
  } catch (const YAML::Exception& problem) {
    return fail("not YAML: " + at_line(problem.mark.line + 1) + printable(problem.msg));
  }
}

}  // namespace pyxis::cdi
