#include "spank/storage.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>

#include "base/fs.h"
#include "base/process.h"
#include "contract/storage.h"

namespace pyxis::spank {
namespace {

constexpr std::chrono::seconds start_deadline{10}, end_deadline{5};

struct Ends {
  Fd ours, theirs;
};

Result<Ends> make_ends() {
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return sys_error("socketpair");
  return Ends{Fd(ends[0]), Fd(ends[1])};
}

// How the site reaches registries is slurmd's to say; of the job's environment nothing is used.
std::vector<std::string> helper_environment() {
  std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};
  for (const char* name :
       {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"})
    if (const char* value = ::getenv(name)) environment.push_back(std::string(name) + "=" + value);
  return environment;
}

}  // namespace

Result<StorageTies> start_storage(const Config& config, const Identity& user) {
  if (config.store != StoreKind::system || ::geteuid() != 0) return StorageTies{};
  auto engine = TRY(make_ends()), leash = TRY(make_ends());
  auto bin = config.pyxis_path.substr(0, config.pyxis_path.rfind('/'));
  auto null = TRY(open_path("/dev/null", O_RDWR));
  SpawnRequest request;
  request.program = bin + "/../libexec/pyxis-storage";
  request.arguments = {"pyxis-storage",          "serve",
                       std::to_string(user.uid), std::to_string(user.gid),
                       config.entitlement,       config.http_registries};
  request.environment = helper_environment();
  request.descriptors = {{null.get(), STDIN_FILENO},
                         {null.get(), STDOUT_FILENO},
                         {engine.theirs.get(), storage_socket_fd},
                         {leash.theirs.get(), storage_leash_fd}};
  request.directory = "/";
  request.close_others = true;
  auto child = TRY(spawn(request));
  // It goes on in a process of its own at once.
  child.end_within(start_deadline);
  return StorageTies{std::move(engine.ours), std::move(leash.ours)};
}

void end_storage(StorageTies& ties) {
  ties.engine.reset();
  if (!ties.leash) return;
  ::shutdown(ties.leash.get(), SHUT_WR);
  (void)readable_within(ties.leash.get(), end_deadline);
  ties.leash.reset();
}

}  // namespace pyxis::spank
