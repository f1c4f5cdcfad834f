// An environment as data: captured once at the start of a program and passed on explicitly.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pyxis {

// Where programs are looked for when nobody says.
inline constexpr auto standard_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

class Environment {
 public:
  // The process's own environment. Call it in main(), not deeper.
  static Environment capture();
  // From "NAME=value" lines; a line without '=' or with an empty name is dropped; the last of equals wins.
  static Environment from(const std::vector<std::string>& lines);

  std::optional<std::string> get(std::string_view name) const;
  // The value, or `otherwise` where the variable is unset or empty.
  std::string get_or(std::string_view name, std::string_view otherwise) const;
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  void set(std::string_view name, std::string_view value);
  void unset(std::string_view name);
  // Sets what such lines say.
  void merge(const std::vector<std::string>& lines);
  // "NAME=value" lines, sorted by name.
  std::vector<std::string> lines() const;
  const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace pyxis
