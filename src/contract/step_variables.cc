#include "contract/step_variables.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace pyxis {
namespace {

// Names that end in '_' stand for all that begin so.
constexpr std::array<std::string_view, 5> per_task = {"SLURM_", "SLURMD_", "PMI_", "PMI2_", "PMIX_"};

// The first of these variables that has a value.
std::string any_of(const Environment& task, std::initializer_list<std::string_view> names) {
  for (auto name : names)
    if (auto value = task.get_or(name, ""); !value.empty()) return value;
  return "";
}

}  // namespace

bool set_per_task(std::string_view name) {
  return std::any_of(per_task.begin(), per_task.end(), [&](auto prefix) { return name.starts_with(prefix); });
}

std::vector<StepVariable> pmix_variables(const Environment& task) {
  constexpr std::array<std::pair<const char*, const char*>, 3> pairs = {
      {{"PMIX_PTL_MODULE", "PMIX_MCA_ptl"},
       {"PMIX_SECURITY_MODE", "PMIX_MCA_psec"},
       {"PMIX_GDS_MODULE", "PMIX_MCA_gds"}}};
  std::vector<StepVariable> variables;
  for (const auto& [given, wanted] : pairs)
    if (auto value = task.get(given); value && !task.has(wanted)) variables.push_back({wanted, *value, true});
  return variables;
}

std::vector<StepVariable> pytorch_variables(const Environment& task) {
  auto job = parse_number<unsigned>(task.get_or("SLURM_JOB_ID", ""));
  if (!job) return {};
  constexpr unsigned first_port = 61000, ports = 4536;  // to the last that there is
  auto tasks = any_of(task, {"SLURM_NTASKS", "SLURM_STEP_NUM_TASKS"});
  auto nodes = any_of(task, {"SLURM_STEP_NUM_NODES", "SLURM_NNODES", "SLURM_JOB_NUM_NODES"});
  auto hosts = any_of(task, {"SLURM_STEP_NODELIST", "SLURM_NODELIST", "SLURM_JOB_NODELIST"});
  std::vector<StepVariable> variables;
  auto add = [&](const char* name, std::string value, bool yields) {
    if (!value.empty()) variables.push_back({name, std::move(value), yields});
  };
  add("RANK", task.get_or("SLURM_PROCID", ""), false);
  add("LOCAL_RANK", task.get_or("SLURM_LOCALID", ""), false);
  add("WORLD_SIZE", tasks, false);
  add("MASTER_ADDR", first_host(hosts), true);
  add("MASTER_PORT", std::to_string(*job % ports + first_port), true);
  if (parse_number<unsigned>(tasks).value_or(1) > parse_number<unsigned>(nodes).value_or(1))
    add("OMP_NUM_THREADS", "1", true);
  return variables;
}

std::string first_host(std::string_view hosts) {
  std::string name;
  bool in_list = false, skipping = false;
  for (char c : hosts) {
    if (c == '[') {
      in_list = true;
    } else if (c == ']') {
      in_list = skipping = false;
    } else if (in_list) {
      skipping |= c == '-' || c == ',';
      if (!skipping) name += c;
    } else if (c == ',') {
      break;
    } else {
      name += c;
    }
  }
  return name;
}

}  // namespace pyxis
