#include "spank/names.h"

#include <climits>

#include "base/text.h"

namespace pyxis::spank {
namespace {

// "pyxis_" and, under job scope, ten digits and '_'.
constexpr size_t longest_prefix = 17;

Result<NameMode> parse_mode(const std::string& flag) {
  if (flag == "auto") return NameMode::any;
  if (flag == "create") return NameMode::create;
  if (flag == "exec") return NameMode::exec;
  if (flag == "no_exec") return NameMode::no_exec;
  return fail("--container-name: invalid flag \"" + printable(flag) + "\" (auto, create, exec or no_exec)");
}

}  // namespace

Result<ContainerName> parse_name(const std::string& text) {
  ContainerName result;
  auto colon = text.find(':');
  result.name = text.substr(0, colon);
  if (colon != text.npos) result.mode = TRY(parse_mode(text.substr(colon + 1)));
  if (result.name.empty()) return fail("--container-name: empty name");
  if (result.name.find('/') != result.name.npos)
    return fail("--container-name: \"" + printable(result.name) + "\" must not contain '/'");
  if (printable(result.name) != result.name)
    return fail("--container-name: \"" + printable(result.name) + "\" must not contain control characters");
  if (result.name.size() > NAME_MAX - longest_prefix)
    return fail("--container-name: name too long (at most " + std::to_string(NAME_MAX - longest_prefix) +
                " bytes)");
  return result;
}

std::string engine_name(Scope scope, uint32_t job_id, uint32_t step_id,
                        const std::optional<ContainerName>& name) {
  auto job = std::to_string(job_id);
  std::string prefix = scope == Scope::job ? "pyxis_" + job + "_" : "pyxis_";
  return prefix + (name ? name->name : job + "." + std::to_string(step_id));
}

std::string job_prefix(Scope scope, uint32_t job_id) {
  return "pyxis_" + std::to_string(job_id) + (scope == Scope::job ? "_" : ".");
}

}  // namespace pyxis::spank
