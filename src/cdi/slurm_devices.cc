#include "cdi/slurm_devices.h"

#include <algorithm>

#include "base/text.h"

namespace pyxis::cdi {
namespace {

// Of Slurm's and of the vendors' libraries: no GPU.
bool means_none(const std::string& word) {
  return word.empty() || word == "NoDevFiles" || word == "none" || word == "void" || word == "-1";
}

// "0-3", as Slurm shortens lists.
void add_word(const std::string& word, std::vector<std::string>& names) {
  constexpr unsigned most = 1024;
  auto dash = word.find('-');
  auto first = parse_number<unsigned>(word.substr(0, dash));
  auto last = dash == word.npos ? first : parse_number<unsigned>(word.substr(dash + 1));
  bool range = first && last && dash != word.npos && *first <= *last && *last - *first < most;
  if (!range) {
    if (std::ranges::find(names, word) == names.end()) names.push_back(word);
    return;
  }
  for (unsigned number = *first; number <= *last; ++number) names.push_back(std::to_string(number));
}

std::vector<std::string> names_in(const char* variable, const Environment& job) {
  std::vector<std::string> names;
  for (const auto& word : split(job.get_or(variable, ""), ','))
    if (std::string name(trim(word)); !means_none(name)) add_word(name, names);
  return names;
}

std::vector<std::string> visible_devices(const std::string& kind, const Environment& job) {
  std::vector<const char*> variables = {"CUDA_VISIBLE_DEVICES"};
  if (kind.starts_with("amd.com/")) variables = {"ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"};
  for (const auto* variable : variables)
    if (auto names = names_in(variable, job); !names.empty()) return names;
  return {};
}

}  // namespace

AllocatedGpus allocated_gpus(const std::string& kind, const Environment& job) {
  auto count = parse_number<size_t>(job.get_or("SLURM_GPUS_ON_NODE", "0")).value_or(0);
  auto visible = visible_devices(kind, job);
  AllocatedGpus gpus{names_in("SLURM_STEP_GPUS", job), false};
  if (gpus.names.empty() && (count > 0 || !visible.empty())) gpus.names = names_in("SLURM_JOB_GPUS", job);
  if (gpus.names.empty()) gpus.names = std::move(visible);
  gpus.of_one_task = !gpus.names.empty() && gpus.names.size() < count;
  return gpus;
}

}  // namespace pyxis::cdi
