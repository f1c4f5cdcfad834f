#include "base/environment.h"

#include <unistd.h>

namespace pyxis {

Environment Environment::capture() {
  std::vector<std::string> lines;
  for (char** entry = environ; entry && *entry; ++entry) lines.emplace_back(*entry);
  return from(lines);
}

Environment Environment::from(const std::vector<std::string>& lines) {
  Environment environment;
  environment.merge(lines);
  return environment;
}

void Environment::merge(const std::vector<std::string>& lines) {
  for (const auto& line : lines) {
    auto equals = line.find('=');
    if (equals == line.npos || equals == 0) continue;
    set(line.substr(0, equals), line.substr(equals + 1));
  }
}

std::optional<std::string> Environment::get(std::string_view name) const {
  auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::string Environment::get_or(std::string_view name, std::string_view otherwise) const {
  auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::string(otherwise);
  return found->second;
}

void Environment::set(std::string_view name, std::string_view value) {
  values_.insert_or_assign(std::string(name), std::string(value));
}

void Environment::unset(std::string_view name) {
  auto found = values_.find(name);
  if (found != values_.end()) values_.erase(found);
}

std::vector<std::string> Environment::lines() const {
  std::vector<std::string> out;
  out.reserve(values_.size());
  for (const auto& [name, value] : values_) out.push_back(name + "=" + value);
  return out;
}

}  // namespace pyxis
