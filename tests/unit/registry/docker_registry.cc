#include "docker_registry.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <regex>
#include <stdexcept>

namespace pyxis::test {
namespace {

constexpr const char* program = "/usr/bin/docker-registry";

// Of "hunter2", by htpasswd -B.
constexpr const char* password_line = "me:$2y$05$XU4dhPcogZaomKY4Vj4C3e4GNtCz6Togui1cpZPEhrdk1.P/kPzj.\n";

std::string blob_path(const std::string& digest) {
  auto hex = digest.substr(digest.find(':') + 1);
  return "docker/registry/v2/blobs/sha256/" + hex.substr(0, 2) + "/" + hex + "/data";
}

}  // namespace

DockerRegistry::DockerRegistry(const std::string& repository, const StoredImage& image,
                               const Options& options) {
  store(repository, image);
  std::string storage = "{filesystem: {rootdirectory: " + directory_.path() + "/data}}";
  std::string config = "version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\nstorage: " + storage +
                       "\nhttp:\n  addr: 127.0.0.1:0\n";
  if (!options.certificate.empty())
    config += "  tls: {certificate: " + options.certificate + ", key: " + options.key + "}\n";
  if (options.password)
    config += "auth: {htpasswd: {realm: test, path: " + directory_.write("htpasswd", password_line) + "}}\n";
  if (!options.token_realm.empty())
    config += "auth: {token: {realm: \"" + options.token_realm +
              "\", service: test, issuer: test, rootcertbundle: " + options.certificate + "}}\n";
  if (!options.redirect.empty())
    config += "middleware: {storage: [{name: redirect, options: {baseurl: \"" + options.redirect + "\"}}]}\n";

  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  log_.reset(ends[0]);
  Fd write_end(ends[1]);
  SpawnRequest request;
  request.program = program;
  request.arguments = {program, "serve", directory_.write("config.yml", config)};
  request.environment = {"PATH=/usr/bin:/bin", "OTEL_TRACES_EXPORTER=none"};
  request.descriptors = {{write_end.get(), 1}, {write_end.get(), 2}};
  auto child = spawn(request);
  if (!child.ok()) throw std::runtime_error(child.error().text());
  child_ = std::move(*child);
  write_end.reset();

  // "listening on 127.0.0.1:41234" is its word that it takes connections; the log's end, that it gave up.
  std::string log;
  std::smatch match;
  const std::regex listening(R"(listening on (127\.0\.0\.1:\d+))");
  std::array<char, 4096> buffer;
  while (!std::regex_search(log, match, listening)) {
    ssize_t got = ::read(log_.get(), buffer.data(), buffer.size());
    if (got <= 0) throw std::runtime_error("docker-registry: " + log);
    log.append(buffer.data(), static_cast<size_t>(got));
  }
  address_ = match[1];
  log_reader_ = std::thread([fd = log_.get()] {
    std::array<char, 4096> ignored;
    while (::read(fd, ignored.data(), ignored.size()) > 0) {
    }
  });
}

DockerRegistry::~DockerRegistry() {
  child_ = Child();  // kills and reaps the old one as it goes
  if (log_reader_.joinable()) log_reader_.join();
}

// The layout of its filesystem driver: content by digest, and links to it.
void DockerRegistry::store(const std::string& repository, const StoredImage& image) const {
  auto in_repository = "data/docker/registry/v2/repositories/" + repository;
  for (const auto& [digest, content] : image.blobs) {
    directory_.write("data/" + blob_path(digest), content);
    directory_.write(in_repository + "/_layers/sha256/" + digest.substr(7) + "/link", digest);
  }
  for (const auto& [digest, content] : image.manifests) {
    directory_.write("data/" + blob_path(digest), content);
    directory_.write(in_repository + "/_manifests/revisions/sha256/" + digest.substr(7) + "/link", digest);
  }
  for (const auto& [tag, digest] : image.tags) {
    directory_.write(in_repository + "/_manifests/tags/" + tag + "/current/link", digest);
    directory_.write(
        in_repository + "/_manifests/tags/" + tag + "/index/sha256/" + digest.substr(7) + "/link", digest);
  }
}

}  // namespace pyxis::test
