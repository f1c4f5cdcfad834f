#include "spank/storage.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"
#include "contract/storage.h"

namespace pyxis::spank {
namespace {

constexpr std::chrono::seconds start_deadline{10}, end_deadline{5};

// How the site reaches registries is slurmd's to say; of the job's environment nothing is used.
std::vector<std::string> helper_environment() {
  std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};
  for (const char* name :
       {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"})
    if (const char* value = ::getenv(name)) environment.push_back(std::string(name) + "=" + value);
  return environment;
}

bool uses_storage(const Config& config) {
  return config.store == StoreKind::system && config.importer.empty() && config.engine == EngineKind::pyxis &&
         ::geteuid() == 0;
}

SpawnRequest helper(const Config& config, std::vector<std::string> arguments) {
  auto bin = config.pyxis_path.substr(0, config.pyxis_path.rfind('/'));
  SpawnRequest request;
  request.program = bin + "/../libexec/pyxis-storage";
  request.arguments = std::move(arguments);
  request.arguments.insert(request.arguments.begin(), "pyxis-storage");
  request.environment = helper_environment();
  request.directory = "/";
  request.close_others = true;
  return request;
}

}  // namespace

Result<StorageTies> start_storage(const Config& config, const Identity& user) {
  if (!uses_storage(config)) return StorageTies{};
  auto engine = TRY(make_socket_pair()), leash = TRY(make_socket_pair());
  auto request = helper(config, {"serve", std::to_string(user.uid), std::to_string(user.gid),
                                 config.entitlement, config.http_registries});
  request.descriptors.emplace_back(engine.theirs.get(), storage_socket_fd);
  request.descriptors.emplace_back(leash.theirs.get(), storage_leash_fd);
  // It goes on in a process of its own at once.
  TRY(spawn(request)).end_within(start_deadline);
  return StorageTies{std::move(engine.ours), std::move(leash.ours)};
}

Result<void> probe_storage(const Config& config) {
  if (!uses_storage(config)) return ok();
  auto said = TRY(make_pipe());
  auto request = helper(config, {"probe"});
  request.descriptors.emplace_back(said.writer.get(), STDERR_FILENO);
  auto child = TRY(spawn(request));
  said.writer.reset();
  auto status = child.end_within(start_deadline);
  if (status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return ok();
  auto words = read_fd(said.reader.get());
  // Without the mark of its level.
  auto cause = words.ok() ? std::string(trim(*words)) : std::string();
  if (auto mark = cause.find("] "); cause.starts_with('[') && mark != cause.npos) cause.erase(0, mark + 2);
  return fail("this node has no store for all users (store=system), each has one of his own: " +
              (cause.empty() ? "pyxis-storage did not answer" : cause));
}

void collect_storage(const Config& config) {
  if (!uses_storage(config) || config.store_limit == "none") return;
  auto child = spawn(helper(config, {"collect", "--detach", "--quiet", "--limit", config.store_limit}));
  if (child.ok()) child->end_within(start_deadline);
}

void end_storage(StorageTies& ties) {
  ties.engine.reset();
  if (!ties.leash) return;
  ::shutdown(ties.leash.get(), SHUT_WR);
  (void)readable_within(ties.leash.get(), end_deadline);
  ties.leash.reset();
}

}  // namespace pyxis::spank
