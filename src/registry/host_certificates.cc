#include "registry/host_certificates.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/writers.h"
#include "contract/reference.h"

namespace pyxis {
namespace {

constexpr size_t largest_file = 4u << 20;
constexpr auto who_reads =
    "users' own processes speak with the registry: they must be able to read its directory of certs.d";

std::vector<std::string> names_of(const Url& url) {
  std::vector<std::string> names = {url.host + ":" + url.port};
  if (url.port == "443") names.push_back(url.host);
  if (url.port == "443" && url.host == docker_hub) names.emplace_back("docker.io");
  return names;
}

Result<void> check_unchangeable(int fd, const std::string& path) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return sys_error(path);
  return check_writers(info, path);
}

Result<std::string> read_checked(const std::string& path) {
  auto file = TRY(open_path(path, O_RDONLY | O_NONBLOCK));  // a FIFO must not hold us up
  TRY(check_unchangeable(file.get(), path));
  return TRY_CONTEXT(read_fd(file.get(), largest_file), path);
}

Result<HostCertificates> read_directory(const Fd& directory, const std::string& path) {
  TRY(check_unchangeable(directory.get(), path));
  auto names = TRY_CONTEXT(list_directory(directory.get()), path);
  std::ranges::sort(names);
  HostCertificates found;
  found.directory = path;
  for (const auto& name : names) {
    auto file = path + "/" + name;
    if (name.ends_with(".crt")) found.authorities += TRY(read_checked(file)) + "\n";
    if (!name.ends_with(".cert") || !found.certificate.empty()) continue;
    found.certificate = file;
    found.key = file.substr(0, file.size() - 5) + ".key";
    if (::access(found.key.c_str(), F_OK) != 0)
      return Error{found.key + ": " + strerrordesc_np(errno), file + " is of no use without it", errno};
    TRY(read_checked(file));
    auto key = read_checked(found.key);
    if (!key.ok())
      return std::move(key).error().with_remedy(
          "users' own processes show it to the registry: they must be able to read it");
  }
  return found;
}

// Where libcurl has the system's, if that is a file.
std::string system_authorities() {
#if LIBCURL_VERSION_NUM >= 0x074600
  const auto* version = curl_version_info(CURLVERSION_NOW);
  if (version->age >= CURLVERSION_SEVENTH && version->cainfo) return version->cainfo;
#endif
  for (const char* path : std::array{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                     "/etc/ssl/ca-bundle.pem"})
    if (::access(path, R_OK) == 0) return path;
  return {};
}

}  // namespace

std::vector<std::string> certificate_directories(const std::string& sysconf_path) {
  return {sysconf_path + "/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d"};
}

Result<HostCertificates> find_host_certificates(const std::vector<std::string>& directories, const Url& url) {
  for (const auto& directory : directories)
    for (const auto& name : names_of(url)) {
      auto path = directory + "/" + name;
      auto opened = open_path(path, O_RDONLY | O_DIRECTORY);
      if (opened.ok()) return read_directory(*opened, path);
      if (opened.error().code != ENOENT && opened.error().code != ENOTDIR)
        return std::move(opened).error().with_remedy(who_reads);
    }
  return HostCertificates{};
}

TlsFiles::TlsFiles(std::vector<std::string> directories, std::string ca_file, std::string ca_directory)
    : directories_(std::move(directories)),
      ca_file_(std::move(ca_file)),
      ca_directory_(std::move(ca_directory)) {}

Result<const TlsFiles::Use*> TlsFiles::of(const Url& url) {
  std::lock_guard hold(mutex_);
  auto& known = known_[url.origin()];
  if (!known) known = TRY(look_up(url));
  return known.get();
}

Result<std::unique_ptr<TlsFiles::Use>> TlsFiles::look_up(const Url& url) const {
  auto use = std::make_unique<Use>();
  use->ca_file = ca_file_;
  if (url.plain() || directories_.empty()) return use;
  auto found = TRY_CONTEXT(find_host_certificates(directories_, url), "certificates for " + url.host);
  use->certificate = found.certificate;
  use->key = found.key;
  if (found.authorities.empty()) return use;
  auto others = ca_file_.empty() && ca_directory_.empty() ? system_authorities() : ca_file_;
  if (!others.empty()) found.authorities += TRY_CONTEXT(read_file(others), "certificates of authorities");
  use->authorities = TRY(memory_file(found.authorities));
  use->ca_file = fd_path(use->authorities.get());
  return use;
}

}  // namespace pyxis
