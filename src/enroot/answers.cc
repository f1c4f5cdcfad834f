#include "enroot/answers.h"

#include <algorithm>

#include "base/text.h"

namespace pyxis::enroot {
namespace {

// Takes a number off the front of the text.
std::optional<unsigned> take_number(std::string_view& text) {
  auto length = std::min(text.find_first_not_of("0123456789"), text.size());
  auto number = parse_number<unsigned>(text.substr(0, length));
  text.remove_prefix(length);
  return number;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

// The columns of a process: PID, seven more, of which at least the inodes are numbers. Nothing where the text
// does not look so, for a name may be the beginning of another one that has a blank.
std::optional<ListedProcess> parse_process(std::string_view columns) {
  ListedProcess process;
  bool first = true;
  for (const auto& word : split(columns, ' ')) {
    if (word.empty()) continue;
    if (first) {
      process.pid = parse_number<pid_t>(word).value_or(0);
      if (process.pid <= 0) return std::nullopt;
      first = false;
    } else if (auto number = parse_number<unsigned long long>(word)) {
      process.numbers.push_back(*number);
    }
  }
  constexpr size_t inodes = 2;
  if (first || process.numbers.size() < inodes) return std::nullopt;
  return process;
}

}  // namespace

std::optional<Version> parse_version(std::string_view printed) {
  auto text = trim(printed.substr(0, printed.find('\n')));
  auto major = take_number(text);
  if (!major || !take(text, '.')) return std::nullopt;
  auto minor = take_number(text);
  if (!minor) return std::nullopt;
  std::optional<unsigned> patch = 0;
  if (take(text, '.')) patch = take_number(text);
  if (!patch || (!text.empty() && std::string_view("-+~ ").find(text.front()) == text.npos))
    return std::nullopt;
  return Version{*major, *minor, *patch};
}

Result<void> check_version(const std::string& program, std::string_view printed) {
  auto text = [](const Version& version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
           std::to_string(version.patch);
  };
  auto remedy = "ask the administrator for enroot " + text(oldest_version) +
                " or later, or for engine=pyxis in plugstack.conf";
  auto version = parse_version(printed);
  if (!version) {
    auto line = trim(printed.substr(0, printed.find('\n')));
    return fail(program + " does not tell a version of enroot's: \"" + printable(line) + "\"", remedy);
  }
  if (*version < oldest_version)
    return fail(program + " is enroot " + text(*version) + ", which is too old", remedy);
  return ok();
}

std::vector<std::string> listed_names(std::string_view printed) {
  std::vector<std::string> names;
  for (const auto& line : split(printed, '\n'))
    if (!line.empty()) names.push_back(line);
  return names;
}

bool ListedProcess::mentions(unsigned long long number) const {
  return std::ranges::find(numbers, number) != numbers.end();
}

ListedContainer find_container(std::string_view table, std::string_view name) {
  ListedContainer container;
  bool within = false, heading = true;
  for (const auto& line : split(table, '\n')) {
    if (std::exchange(heading, false) || line.empty()) continue;
    if (line.front() == ' ') {
      if (!within) continue;
      if (auto process = parse_process(line)) container.processes.push_back(std::move(*process));
      continue;
    }
    within = false;
    if (!line.starts_with(name)) continue;
    auto rest = std::string_view(line).substr(name.size());
    auto process = rest.starts_with(' ') ? parse_process(rest) : std::nullopt;
    if (!process && !trim(rest).empty()) continue;
    container.exists = within = true;
    if (process) container.processes.push_back(std::move(*process));
  }
  return container;
}

}  // namespace pyxis::enroot
