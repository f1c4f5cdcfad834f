#include "doctor/context.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/text.h"
#include "engine/external_program.h"

namespace pyxis::doctor {

Context make_context(const Environment& environment, std::vector<std::string> registries) {
  Context context;
  context.environment = environment;
  context.settings = load_settings(environment);
  context.registries = std::move(registries);
  context.uid = ::geteuid();
  return context;
}

std::optional<long long> number_in(const Context& context, std::string_view path) {
  auto text = read_file(context.path(path), 4096);
  return text.ok() ? parse_number<long long>(trim(*text)) : std::nullopt;
}

bool exists(const Context& context, std::string_view path) {
  return ::access(context.path(path).c_str(), F_OK) == 0;
}

std::string keep_for_root(const Changeable& what) {
  return "run: chown root: " + what.path + " && chmod go-w " + what.path;
}

std::string find_program(const Context& context, const std::string& name) {
  auto path =
      context.environment.get_or("PATH", "") + ":" + standard_path + ":/opt/slurm/bin:/opt/slurm/sbin";
  for (const auto& directory : split(path, ':')) {
    auto candidate = directory + "/" + name;
    if (directory.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

std::string plain_path(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> plain(::realpath(path.c_str(), nullptr), std::free);
  return plain ? plain.get() : path;
}

Result<std::string> output_of(const Context& context, const std::vector<std::string>& words) {
  auto ended =
      TRY_CONTEXT(run_external_program({words.front(), words, context.environment.lines()}), words.front());
  if (ended.succeeded()) return ended.output;
  std::string said;
  for (const auto& line : ended.said)
    if (!trim(line).empty())
      said = said.empty() ? printable(trim(line)) : said + "; " + printable(trim(line));
  constexpr size_t shown = 300;
  if (said.size() > shown) said.replace(shown, said.npos, "...");
  return fail(words.front() + " " + describe_wait_status(ended.status) + (said.empty() ? "" : ": " + said));
}

}  // namespace pyxis::doctor
