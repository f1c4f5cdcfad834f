// Slurm as data, for the phases of the plugin.
#pragma once

#include <map>
#include <utility>

#include "base/environment.h"
#include "spank/client.h"
#include "spank/slurm_api.h"

namespace pyxis::spank {

class FakeSlurm : public SlurmApi {
 public:
  Context where = Context::remote;
  std::map<Item, uint32_t> numbers = {
      {Item::uid, ::getuid()}, {Item::gid, ::getgid()}, {Item::job_id, 7}, {Item::step_id, 0},
      {Item::local_tasks, 1},  {Item::total_tasks, 1},  {Item::nodes, 1}};
  Environment variables;
  std::vector<std::string> argv = {"/bin/true"};
  std::string task_prolog;
  std::vector<std::string> registered, said, errors;

  Context context() override { return where; }
  Result<void> register_option(const OptionRow& row) override {
    registered.push_back(row.name);
    return ok();
  }
  std::optional<uint32_t> number(Item item) override {
    auto found = numbers.find(item);
    return found == numbers.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<gid_t> supplementary_groups() override { return {::getgid()}; }
  std::vector<std::string> command() override { return argv; }
  std::vector<std::string> environment() override { return variables.lines(); }
  void set_environment(const std::string& name, const std::string& value) override {
    variables.set(name, value);
  }
  void unset_environment(const std::string& name) override { variables.unset(name); }
  std::string take_task_prolog() override { return std::exchange(task_prolog, ""); }
  void say(const std::string& line) override { said.push_back(line); }
  void error(const std::string& line) override { errors.push_back(line); }
};

// The environment of srun, sbatch or salloc.
class FakeVariables : public ProcessVariables {
 public:
  Environment env;
  std::optional<std::string> get(const std::string& name) override { return env.get(name); }
  void set(const std::string& name, const std::string& value) override { env.set(name, value); }
  void unset(const std::string& name) override { env.unset(name); }
};

}  // namespace pyxis::spank
