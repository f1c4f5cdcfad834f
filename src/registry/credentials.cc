#include "registry/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/fd.h"
#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"
#include "base/writers.h"
#include "contract/reference.h"
#include "image/json_fields.h"
#include "registry/command.h"
#include "registry/docker_config.h"
#include "registry/netrc.h"

namespace pyxis {
namespace {

constexpr size_t max_file = 4u << 20;

struct SecretFile {
  std::string content;
  bool others_can_read = false;
  Result<void> writers = ok();  // why it is not only the user's and root's to change
};

// Nothing where there is no such file.
Result<std::optional<SecretFile>> read_secret_file(const std::string& path) {
  if (path.empty()) return std::optional<SecretFile>{};
  auto file = open_path(path, O_RDONLY | O_NONBLOCK);  // a FIFO must not hold us up
  if (!file.ok()) {
    if (file.error().code == ENOENT || file.error().code == ENOTDIR) return std::optional<SecretFile>{};
    return std::move(file).error().with_remedy("credentials must be readable by you");
  }
  struct stat info = {};
  if (::fstat(file->get(), &info) != 0) return sys_error(path);
  if (!S_ISREG(info.st_mode)) return fail(path + ": not a regular file");
  SecretFile out;
  out.content = TRY_CONTEXT(read_fd(file->get(), max_file), path);
  out.others_can_read = (info.st_mode & (S_IRGRP | S_IROTH)) != 0;
  out.writers = check_writers(info, path);
  return std::optional(std::move(out));
}

void warn_if_readable(const SecretFile& file, const std::string& path, CredentialLookup& lookup) {
  if (file.others_can_read)
    lookup.warnings.push_back(path + " holds a secret and others can read it; run: chmod 600 " + path);
}

std::string without_port(const std::string& registry) {
  auto colon = registry.rfind(':');
  return colon == registry.npos || registry.ends_with(']') ? registry : registry.substr(0, colon);
}

// The entry of the most telling name: host:port, host, the token server's host. A `default` entry is no
// answer: it would give one secret to every registry a user happens to name.
const NetrcEntry* find_entry(const std::vector<NetrcEntry>& entries, const CredentialQuery& query) {
  std::vector<std::string> names = {query.registry, without_port(query.registry)};
  if (query.registry == docker_hub) names.insert(names.end(), {"docker.io", "index.docker.io"});
  if (realm_belongs_to_registry(query.realm_host, query.registry)) names.push_back(query.realm_host);
  for (const auto& name : names)
    for (const auto& entry : entries)
      if (!entry.machine.empty() && entry.machine == name &&
          (query.user.empty() || entry.login == query.user))
        return &entry;
  return nullptr;
}

// The shell reads its script from memory, so that an expression with a secret in it is in nobody's process
// list.
Result<std::string> evaluate(const std::string& expression, const Environment& environment,
                             const std::stop_token& stop) {
  auto script =
      TRY(memory_file("pyxis_secret=\"" + expression + "\" || exit\nprintf '%s' \"$pyxis_secret\"\n"));
  CommandRequest request;
  request.program = "/bin/sh";
  constexpr int script_number = 3;
  request.arguments = {"sh", "/proc/self/fd/3"};
  request.environment = environment;
  request.descriptors = {{script.get(), script_number}};
  auto output = TRY(run_command(request, stop));
  if (output.status != 0) {
    auto said = json::first_line(output.err);
    return fail(describe_wait_status(output.status) + (said.empty() ? "" : ": " + said));
  }
  std::string secret(trim(output.out));
  if (secret.empty()) return fail("it prints nothing");
  return secret;
}

Result<void> look_in_netrc(const CredentialPlaces& places, const CredentialQuery& query,
                           const std::stop_token& stop, CredentialLookup& lookup) {
  auto file = TRY_CONTEXT(read_secret_file(places.netrc), "credentials");
  if (!file) return ok();
  auto entries = TRY_CONTEXT(parse_netrc(file->content), places.netrc);
  const auto* entry = find_entry(entries, query);
  if (!entry) return ok();
  auto where = places.netrc + " line " + std::to_string(entry->line);
  if (entry->login.empty() || entry->password.empty())
    return fail(where + ": the entry has no login or no password",
                "write: machine HOST login USER password SECRET");
  Credential credential;
  credential.user = entry->login;
  credential.secret = entry->password;
  credential.source = places.netrc;
  // What others have written is not to be executed.
  if (entry->expression) TRY_CONTEXT(file->writers, where + ": its shell expression");
  if (entry->expression)
    credential.secret =
        TRY_CONTEXT(evaluate(entry->password, places.environment, stop), where + ": its shell expression");
  warn_if_readable(*file, places.netrc, lookup);
  lookup.found = std::move(credential);
  return ok();
}

// docker-credential-NAME get (docker/docker-credential-helpers, README): the server on stdin, JSON on stdout.
// Nothing where the helper has nothing.
Result<std::optional<Credential>> ask_helper(const std::string& name, const CredentialPlaces& places,
                                             const CredentialQuery& query, const std::stop_token& stop) {
  auto program_name = "docker-credential-" + name;
  if (name.find('/') != name.npos) return fail("'" + printable(name) + "' is not the name of a helper");
  CommandRequest request;
  request.program = find_program(program_name, places.environment);
  if (request.program.empty())
    return fail(printable(program_name) + ": not found in PATH", "install it, or log in without it");
  request.arguments = {program_name, "get"};
  request.environment = places.environment;
  request.input = query.registry == docker_hub ? "https://index.docker.io/v1/" : query.registry;
  auto output = TRY_CONTEXT(run_command(request, stop), program_name);
  if (output.status != 0) {
    if (output.out.find("credentials not found") != output.out.npos) return std::optional<Credential>{};
    auto said = json::first_line(output.err.empty() ? output.out : output.err);
    return fail(program_name + ": " + describe_wait_status(output.status) +
                (said.empty() ? "" : ": " + said));
  }
  auto credential = TRY_CONTEXT(parse_helper_answer(output.out), program_name);
  if (!query.user.empty() && credential.user != query.user) return std::optional<Credential>{};
  return std::optional(std::move(credential));
}

Result<void> look_in_docker_config(const std::string& path, const CredentialPlaces& places,
                                   const CredentialQuery& query, const std::stop_token& stop,
                                   CredentialLookup& lookup) {
  auto file = TRY_CONTEXT(read_secret_file(path), "credentials");
  if (!file) return ok();
  auto config = TRY_CONTEXT(parse_docker_config(file->content), path);
  if (auto helper = find_helper(config, query.registry)) {
    auto answer = ask_helper(helper->name, places, query, stop);
    // A store for all registries that fails must not stand in the way of a public image.
    if (!answer.ok() && helper->own) return std::move(answer).error().context(path);
    if (!answer.ok()) lookup.warnings.push_back(path + ": " + answer.error().text());
    if (answer.ok() && *answer) {
      lookup.found = std::move(**answer);
      lookup.found->source = "docker-credential-" + helper->name + " of " + path;
      return ok();
    }
  }
  lookup.found = TRY_CONTEXT(find_auth(config, query), path);
  if (!lookup.found) return ok();
  lookup.found->source = path;
  warn_if_readable(*file, path, lookup);
  return ok();
}

}  // namespace

std::string Credential::describe() const {
  if (user.empty()) return "the token of " + source;
  return "user " + printable(user) + " (from " + source + ")";
}

CredentialPlaces CredentialPlaces::of(const Environment& environment) {
  CredentialPlaces places;
  places.environment = environment;
  auto home = environment.get_or("HOME", "");
  auto in_home = [&](std::string_view below) {
    return home.empty() ? std::string() : home + std::string(below);
  };
  auto config_home = environment.get_or("XDG_CONFIG_HOME", in_home("/.config"));
  auto engine_config =
      environment.get_or("ENROOT_CONFIG_PATH", config_home.empty() ? "" : config_home + "/enroot");
  if (!engine_config.empty()) places.netrc = engine_config + "/.credentials";
  auto docker = environment.get_or("DOCKER_CONFIG", in_home("/.docker"));
  if (!docker.empty()) places.docker_config = docker + "/config.json";
  auto named = environment.get_or("REGISTRY_AUTH_FILE", "");
  auto runtime = environment.get_or("XDG_RUNTIME_DIR", "");
  if (!named.empty()) {
    places.auth_files = {named};
  } else {
    if (!runtime.empty()) places.auth_files.push_back(runtime + "/containers/auth.json");
    if (!config_home.empty()) places.auth_files.push_back(config_home + "/containers/auth.json");
  }
  return places;
}

std::string CredentialPlaces::list() const {
  std::vector<std::string> files;
  for (const auto& path : {netrc, docker_config})
    if (!path.empty()) files.push_back(path);
  files.insert(files.end(), auth_files.begin(), auth_files.end());
  return files.empty() ? "no file: neither HOME nor ENROOT_CONFIG_PATH is set" : join(files, ", ");
}

Result<CredentialLookup> find_credential(const CredentialPlaces& places, const CredentialQuery& query,
                                         const std::stop_token& stop) {
  CredentialLookup lookup;
  TRY(look_in_netrc(places, query, stop, lookup));
  if (lookup.found) return lookup;
  std::vector<std::string> files = {places.docker_config};
  files.insert(files.end(), places.auth_files.begin(), places.auth_files.end());
  for (const auto& path : files) {
    TRY(look_in_docker_config(path, places, query, stop, lookup));
    if (lookup.found) break;
  }
  return lookup;
}

bool realm_belongs_to_registry(const std::string& realm_host, const std::string& registry) {
  if (realm_host.empty()) return false;
  if (realm_host == without_port(registry) || realm_host == registry) return true;
  struct Pair {
    std::string_view registry, realm_host;
  };
  constexpr Pair pairs[] = {
      {docker_hub, "auth.docker.io"}, {"registry.gitlab.com", "gitlab.com"}, {"nvcr.io", "authn.nvidia.com"}};
  return std::ranges::any_of(
      pairs, [&](const Pair& pair) { return registry == pair.registry && realm_host == pair.realm_host; });
}

}  // namespace pyxis
