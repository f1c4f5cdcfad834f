#include "spank/tag_for_job.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"
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
  auto answer = TRY(make_pipe());
  auto null = TRY(open_path("/dev/null", O_RDWR));
  SpawnRequest request;
  request.program = config.pyxis_path;
  request.arguments = {
      "pyxis", "step", "resolve", std::to_string(job), config.runtime_path + "/" + std::to_string(::getuid()),
      image};
  request.environment = engine_environment(environment, account_of(::getuid()));
  request.descriptors = {
      {null.get(), STDIN_FILENO}, {answer.writer.get(), STDOUT_FILENO}, {null.get(), STDERR_FILENO}};
  request.close_others = true;
  request.parent_death_signal = SIGTERM;
  auto engine = TRY(spawn(request));
  answer.writer.reset();
  auto status = engine.end_within(patience);
  if (!status || !WIFEXITED(*status) || WEXITSTATUS(*status) != 0) return fail("no answer");
  return std::string(trim(TRY(read_fd(answer.reader.get(), 4096))));
}

}  // namespace

void find_tag_for_job(SlurmApi& api, const Config& config, ProcessVariables& variables,
                      const std::vector<std::string>& environment) {
  variables.unset(digest_variable);
  auto image = variables.get(decision_variable(option_row(OptionId::image)));
  if (!wanted(config) || !image || nodes_of_job(api, variables) < 2) return;
  // Notes of a job are kept where its epilog removes them: on its nodes.
  bool on_node = variables.get("SLURMD_NODENAME").has_value();
  auto digest = ask_engine(config, environment, on_node ? api.number(Item::job_id).value_or(0) : 0, *image);
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
