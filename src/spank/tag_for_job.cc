#include "spank/tag_for_job.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/fs.h"
#include "base/program_output.h"
#include "base/text.h"
#include "spank/allocation_notes.h"
#include "spank/step.h"

namespace pyxis::spank {
namespace {

// Nobody waits longer for his job because the registry cannot be reached from here.
constexpr std::chrono::seconds patience{3};

uint32_t nodes_of_job(SlurmApi& api, ProcessVariables& variables) {
  auto allocated = variables.get("SLURM_JOB_NUM_NODES");
  auto count = allocated ? parse_number<uint32_t>(*allocated) : std::nullopt;
  return std::max(api.number(Item::nodes).value_or(1), count.value_or(1));
}

bool wanted(const Config& config) {
  return config.pin_tags_for_job && config.image_good_for == 0 && config.importer.empty() &&
         config.engine == EngineKind::pyxis;
}

// Empty where the image has no tag; an error where there is no answer.
Result<std::string> ask_engine(const Config& config, const std::vector<std::string>& environment,
                               uint64_t job, const std::string& image) {
  auto null = TRY(open_path("/dev/null", O_RDWR));
  SpawnRequest request;
  request.program = config.pyxis_path;
  request.arguments = {
      "pyxis", "step", "resolve", std::to_string(job), config.runtime_path + "/" + std::to_string(::getuid()),
      image};
  request.environment = engine_environment(environment, account_of(::getuid()));
  request.descriptors = {{null.get(), STDERR_FILENO}};
  request.close_others = true;
  request.parent_death_signal = SIGTERM;
  auto answer = TRY(output_of(std::move(request), 4096, patience));
  if (!WIFEXITED(answer.status) || WEXITSTATUS(answer.status) != 0) return fail("no answer");
  return std::string(trim(answer.text));
}

// On a node the engine has the job's notes in files, which the epilog removes; elsewhere salloc holds them.
Result<std::string> find_digest(SlurmApi& api, const Config& config, ProcessVariables& variables,
                                const std::vector<std::string>& environment, const std::string& image) {
  uint64_t job = api.number(Item::job_id).value_or(0);
  if (variables.get("SLURMD_NODENAME")) return ask_engine(config, environment, job, image);
  auto reference = TRY(parse_reference(image));
  auto notes = AllocationNotes::find(variables);
  if (auto known = notes ? notes->find_digest(job, reference) : std::nullopt) return *known;
  auto digest = TRY(ask_engine(config, environment, 0, image));
  return notes && !digest.empty() ? notes->note_digest(job, reference, digest) : digest;
}

}  // namespace

void find_tag_for_job(SlurmApi& api, const Config& config, ProcessVariables& variables,
                      const std::vector<std::string>& environment) {
  variables.unset(digest_variable);
  auto image = variables.get(decision_variable(option_row(OptionId::image)));
  if (!wanted(config) || !image || nodes_of_job(api, variables) < 2) return;
  auto digest = find_digest(api, config, variables, environment, *image);
  if (!digest.ok())
    return tell(api, "what " + *image + " means could not be found out here: each node asks for itself");
  if (digest->empty()) return;
  variables.set(digest_variable, *digest + " " + *image);
  tell(api, *image + " is " + *digest + " on all nodes");
}

std::string digest_from_client(const std::string& variable, const std::string& image) {
  auto space = variable.find(' ');
  if (space == variable.npos || variable.substr(space + 1) != image) return {};
  return variable.substr(0, space);
}

}  // namespace pyxis::spank
