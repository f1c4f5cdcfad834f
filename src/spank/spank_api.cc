#include "spank/spank_api.h"

extern "C" {
#include <slurm/slurm.h>
#include <slurm/spank.h>
// slurm.conf, as slurmstepd has read it. Slurm's own plugins use it; its type is public, and of the release
// that we are built for, or Slurm would not have loaded us. Others than Slurm's daemons may not have it.
extern slurm_conf_t slurm_conf __attribute__((weak));
}

namespace pyxis::spank {
namespace {

class RealApi : public SlurmApi {
 public:
  RealApi(spank_t handle, OptionCallback callback) : handle_(handle), callback_(callback) {}

  Context context() override;
  Result<void> register_option(const OptionRow& row) override;
  std::optional<uint32_t> number(Item item) override;
  std::vector<gid_t> supplementary_groups() override;
  std::vector<std::string> command() override;
  std::vector<std::string> environment() override;
  void set_environment(const std::string& name, const std::string& value) override {
    ::spank_setenv(handle_, name.c_str(), value.c_str(), 1);
  }
  void unset_environment(const std::string& name) override { ::spank_unsetenv(handle_, name.c_str()); }
  std::string take_task_prolog() override;
  void say(const std::string& line) override { ::slurm_spank_log("%s", line.c_str()); }
  void error(const std::string& line) override { ::slurm_error("%s", line.c_str()); }

 private:
  spank_t handle_;
  OptionCallback callback_;
};

Context RealApi::context() {
  switch (::spank_context()) {
    case S_CTX_LOCAL:
      return Context::local;
    case S_CTX_REMOTE:
      return Context::remote;
    case S_CTX_ALLOCATOR:
      return Context::allocator;
    case S_CTX_SLURMD:
      return Context::slurmd;
    case S_CTX_JOB_SCRIPT:
      return Context::job_script;
    default:
      return Context::unknown;
  }
}

// Slurm copies the row (_spank_option_copy() in plugstack.c), and takes its texts as char* without writing to
// them.
Result<void> RealApi::register_option(const OptionRow& row) {
  spank_option option{};
  option.name = const_cast<char*>(row.name);
  option.arginfo = const_cast<char*>(row.argument);
  option.usage = const_cast<char*>(row.help);
  option.has_arg = row.argument != nullptr;
  option.val = static_cast<int>(row.id);
  option.cb = callback_;
  auto code = ::spank_option_register(handle_, &option);
  if (code != ESPANK_SUCCESS)
    return fail(std::string("register option --") + row.name + ": " + ::spank_strerror(code));
  return ok();
}

std::optional<uint32_t> RealApi::number(Item item) {
  spank_item_t wanted = S_JOB_UID;
  switch (item) {
    case Item::uid:
      wanted = S_JOB_UID;
      break;
    case Item::gid:
      wanted = S_JOB_GID;
      break;
    case Item::job_id:
      wanted = S_JOB_ID;
      break;
    case Item::step_id:
      wanted = S_JOB_STEPID;
      break;
    case Item::nodes:
      wanted = S_JOB_NNODES;
      break;
    case Item::local_tasks:
      wanted = S_JOB_LOCAL_TASK_COUNT;
      break;
    case Item::total_tasks:
      wanted = S_JOB_TOTAL_TASK_COUNT;
      break;
    case Item::local_task:
      wanted = S_TASK_ID;
      break;
  }
  uint32_t value = 0;  // all of these are 32 bits wide
  if (::spank_get_item(handle_, wanted, &value) != ESPANK_SUCCESS) return std::nullopt;
  return value;
}

std::vector<gid_t> RealApi::supplementary_groups() {
  gid_t* groups = nullptr;
  int count = 0;
  if (::spank_get_item(handle_, S_JOB_SUPPLEMENTARY_GIDS, &groups, &count) != ESPANK_SUCCESS || !groups)
    return {};
  return {groups, groups + count};
}

std::vector<std::string> RealApi::command() {
  int count = 0;
  char** words = nullptr;
  if (::spank_get_item(handle_, S_JOB_ARGV, &count, &words) != ESPANK_SUCCESS || !words) return {};
  return {words, words + count};
}

std::vector<std::string> RealApi::environment() {
  std::vector<std::string> lines;
  char** env = nullptr;
  if (::spank_get_item(handle_, S_JOB_ENV, &env) != ESPANK_SUCCESS) return lines;
  for (; env && *env; ++env) lines.emplace_back(*env);
  return lines;
}

// This process is the task's alone: what is changed here is so for nobody else.
std::string RealApi::take_task_prolog() {
  if (&slurm_conf == nullptr || !slurm_conf.task_prolog) return "";
  std::string program = slurm_conf.task_prolog;
  slurm_conf.task_prolog = nullptr;
  return program;
}

}  // namespace

std::unique_ptr<SlurmApi> slurm_api(spank_handle* handle, OptionCallback callback) {
  return std::make_unique<RealApi>(handle, callback);
}

}  // namespace pyxis::spank
