#include "edf/document.h"

#include <algorithm>

#include "base/spelling.h"
#include "base/text.h"
#include "base/toml.h"
#include "contract/device_name.h"
#include "contract/mount_list.h"
#include "contract/reference.h"

namespace pyxis::edf {
namespace {

const char* kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or a time";
  }
}

Result<void> check_mount(const std::string& text) {
  if (text.find(',') != text.npos)
    return fail("'" + printable(text) + "' has a comma in it",
                "make each mount a string of its own, and join flags with '+'");
  TRY(parse_mount_list(text));
  return ok();
}
Result<void> check_device_name(const std::string& text) {
  TRY(parse_device_name(text));
  return ok();
}
Result<void> check_image(const std::string& text) {
  TRY(parse_reference(text));
  return ok();
}
Result<void> check_nothing(const std::string&) {
  return ok();
}
using Check = Result<void> (*)(const std::string&);

class Reader {
 public:
  explicit Reader(const Lookup& variables) : variables_(variables) {}

  void read(const toml::table& top) {
    for (auto&& [key, node] : top) {
      const auto known = std::ranges::find(fields, key.str(), &Field::name);
      if (known != std::end(fields)) {
        (this->*known->read)(std::string(key.str()), node);
        continue;
      }
      std::vector<std::string> names;
      for (const auto& field : fields) names.emplace_back(field.name);
      auto near = nearest_name(key.str(), names);
      problem(key.source().begin, printable(key.str()),
              fail("there is no such key",
                   near.empty() ? "there are: " + join(names, ", ") : "did you mean '" + near + "'?"));
    }
  }

  Document document;

  void problem(const toml::source_position& at, std::string key, Error error) {
    document.problems.push_back({at.line, at.column, std::move(key), std::move(error)});
  }

 private:
  struct Field {
    std::string_view name;
    void (Reader::*read)(const std::string& key, const toml::node& node);
  };
  static const Field fields[9];

  // Of another type than is wanted.
  void wrong_type(const std::string& key, const toml::node& node, const char* wanted,
                  std::string remedy = {}) {
    problem(node.source().begin, key,
            fail(std::string("it is ") + kind_of(node) + " and not " + wanted, std::move(remedy)));
  }

  // An expanded text that passes `check`. Where it may not be empty, an empty one is told to be left out.
  std::optional<std::string> text(const std::string& key, const toml::node& node, Check check,
                                  bool may_be_empty = false) {
    const auto* value = node.as_string();
    if (!value) {
      bool scalar = node.is_number() || node.is_boolean();
      wrong_type(key, node, "a string", scalar ? "put it in quotes" : "");
      return std::nullopt;
    }
    auto at = node.source().begin;
    auto expanded = expand(value->get(), variables_);
    if (!expanded.ok()) return problem(at, key, std::move(expanded).error()), std::nullopt;
    if (expanded->find('\0') != expanded->npos)
      return problem(at, key, fail("it holds a NUL character")), std::nullopt;
    if (expanded->empty() && !may_be_empty)
      return problem(at, key, fail("it is empty", "leave it out")), std::nullopt;
    if (auto good = check(*expanded); !expanded->empty() && !good.ok())
      return problem(at, key, std::move(good).error()), std::nullopt;
    return std::move(*expanded);
  }

  template <class Use>
  void texts(const std::string& key, const toml::node& node, Check check, Use use) {
    const auto* array = node.as_array();
    if (!array) return wrong_type(key, node, "an array of strings", "put it in brackets");
    for (size_t i = 0; i < array->size(); ++i) {
      const auto& item = *array->get(i);
      if (auto value = text(key + "[" + std::to_string(i) + "]", item, check)) use(std::move(*value), item);
    }
  }

  void boolean(const std::string& key, const toml::node& node, std::optional<bool>& target) {
    if (const auto* value = node.as_boolean()) {
      target = value->get();
      return;
    }
    wrong_type(key, node, "a boolean", "write true or false, without quotes");
  }

  void image(const std::string& key, const toml::node& node) {
    if (auto value = text(key, node, check_image)) document.own.image = std::move(*value);
  }
  void workdir(const std::string& key, const toml::node& node) {
    if (auto value = text(key, node, check_nothing)) document.own.workdir = std::move(*value);
  }
  void entrypoint(const std::string& key, const toml::node& node) {
    boolean(key, node, document.own.entrypoint);
  }
  void writable(const std::string& key, const toml::node& node) { boolean(key, node, document.own.writable); }
  void mounts(const std::string& key, const toml::node& node) {
    texts(key, node, check_mount,
          [&](std::string value, const toml::node&) { document.own.mounts.push_back(std::move(value)); });
  }
  void devices(const std::string& key, const toml::node& node) {
    texts(key, node, check_device_name,
          [&](std::string value, const toml::node&) { document.own.devices.push_back(std::move(value)); });
  }
  void bases(const std::string& key, const toml::node& node) {
    auto add = [&](std::string name, const toml::node& from) {
      auto at = from.source().begin;
      document.bases.push_back({std::move(name), at.line, at.column});
    };
    if (node.is_array()) return texts(key, node, check_nothing, add);
    if (!node.is_string()) return wrong_type(key, node, "a string or an array of strings");
    if (auto value = text(key, node, check_nothing)) add(std::move(*value), node);
  }

  void env(const std::string& key, const toml::node& node) {
    const auto* table = node.as_table();
    if (!table) return wrong_type(key, node, "a table", "write [env], and a line NAME = \"VALUE\" for each");
    for (auto&& [name, value] : *table) {
      auto place = key + "." + printable(name.str());
      if (auto good = check_variable_name(name.str()); !good.ok()) {
        problem(name.source().begin, place, std::move(good).error());
        continue;
      }
      if (auto known = text(place, value, check_nothing, true))
        document.own.env.emplace(name.str(), std::move(*known));
    }
  }

  void annotations(const std::string& key, const toml::node& node) {
    const auto* table = node.as_table();
    if (!table) return wrong_type(key, node, "a table");
    annotations_below(key, "", *table, 0);
  }

  // "a.b" in quotes, a.b without, and b in a table a are one name.
  void annotations_below(const std::string& key, const std::string& above, const toml::table& table,
                         unsigned depth) {
    constexpr unsigned most = 32;
    for (auto&& [part, value] : table) {
      auto name = above.empty() ? std::string(part.str()) : above + "." + std::string(part.str());
      auto place = key + "." + printable(name);
      auto at = part.source().begin;
      if (const auto* below = value.as_table()) {
        if (depth < most)
          annotations_below(key, name, *below, depth + 1);
        else
          problem(at, place, fail("nested more than " + std::to_string(most) + " deep"));
        continue;
      }
      std::optional<std::string> known;
      if (const auto* choice = value.as_boolean())
        known = choice->get() ? "true" : "false";
      else if (const auto* number = value.as_integer())
        known = std::to_string(number->get());
      else
        known = text(place, value, check_nothing, true);
      if (!known) continue;
      document.notes.push_back({at.line, at.column, place, fail("it has no effect here")});
      if (!document.own.annotations.emplace(name, std::move(*known)).second)
        problem(at, place, fail("it is there twice"));
    }
  }

  const Lookup& variables_;
};

const Reader::Field Reader::fields[9] = {{"image", &Reader::image},
                                         {"base_environment", &Reader::bases},
                                         {"mounts", &Reader::mounts},
                                         {"workdir", &Reader::workdir},
                                         {"entrypoint", &Reader::entrypoint},
                                         {"writable", &Reader::writable},
                                         {"devices", &Reader::devices},
                                         {"env", &Reader::env},
                                         {"annotations", &Reader::annotations}};

bool earlier(const Remark& a, const Remark& b) {
  return std::pair(a.line, a.column) < std::pair(b.line, b.column);
}

}  // namespace

std::string Remark::text(const std::string& file) const {
  auto out = printable(file);
  if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  return out + ": " + (key.empty() ? "" : key + ": ") + error.text();
}

Document parse_document(std::string_view text, const Lookup& variables) {
  Reader reader(variables);
  try {
    reader.read(toml::parse(text));
  } catch (const toml::parse_error& error) {
    reader.problem(error.source().begin, "", fail("not TOML: " + printable(error.description())));
  }
  std::ranges::stable_sort(reader.document.problems, earlier);
  std::ranges::stable_sort(reader.document.notes, earlier);
  return std::move(reader.document);
}

}  // namespace pyxis::edf
