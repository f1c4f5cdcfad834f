#include "spank/epilog.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spank/step.h"

namespace pyxis::spank {
namespace {

Identity identity_of(uid_t uid, gid_t gid, const Account& account) {
  Identity identity{uid, gid, {gid}};
  if (account.name.empty()) return identity;
  int count = 64;
  identity.groups.resize(static_cast<size_t>(count));
  while (::getgrouplist(account.name.c_str(), gid, identity.groups.data(), &count) < 0)
    identity.groups.resize(static_cast<size_t>(count));
  identity.groups.resize(static_cast<size_t>(count));
  return identity;
}

}  // namespace

void clean_after_job(SlurmApi& api, const Config& config, Engine& engine) {
  auto uid = api.number(Item::uid), gid = api.number(Item::gid), job = api.number(Item::job_id);
  if (!uid || !job) return;
  EpilogRequest request;
  request.runtime_dir = config.runtime_path + "/" + std::to_string(*uid);
  struct stat info;
  if (::lstat(request.runtime_dir.c_str(), &info) != 0 || info.st_uid != *uid) return;
  request.name_prefix = job_prefix(config.container_scope, *job);
  request.temporary_only = config.container_scope == Scope::global;
  request.job_id = *job;
  auto account = account_of(*uid);
  EngineProcess process{engine_environment({}, account), std::nullopt};
  if (::geteuid() == 0) process.identity = identity_of(*uid, gid.value_or(info.st_gid), account);
  auto done = engine.epilog(request, process);
  collect_storage(config);
  if (!done.ok()) report(api, std::move(done).error().context("epilog of job " + std::to_string(*job)));
}

}  // namespace pyxis::spank
