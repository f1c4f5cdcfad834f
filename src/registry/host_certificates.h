// Certificates for one host alone: containers-certs.d(5), which is Docker's layout, too.
//
//   DIRECTORY/HOST[:PORT]/*.crt        authorities, besides the system's
//                         NAME.cert    who we are, with NAME.key
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "registry/url.h"

namespace pyxis {

// Where they are: the site's for us, and those of other tools, the first that counts first.
std::vector<std::string> certificate_directories(const std::string& sysconf_path);

struct HostCertificates {
  std::string directory;         // it is all from here; empty: there is nothing for that host
  std::string authorities;       // PEM, one after another
  std::string certificate, key;  // paths
};

// From the first of `directories` that has one for that host. A host on port 443 may be named without it, and
// Docker Hub "docker.io". Errors: what cannot be read, a certificate without its key, and what others than
// root and this process's user can change.
Result<HostCertificates> find_host_certificates(const std::vector<std::string>& directories, const Url& url);

// What libcurl is to be told, for each host looked up once. Safe for many threads.
class TlsFiles {
 public:
  TlsFiles(std::vector<std::string> directories, std::string ca_file, std::string ca_directory);

  struct Use {
    std::string
        ca_file;  // the system's authorities, or those and the host's own; empty: libcurl's own choice
    std::string certificate, key;
    Fd authorities;  // what ca_file names, if that is ours
  };
  // Stays for as long as this.
  Result<const Use*> of(const Url& url);

 private:
  Result<std::unique_ptr<Use>> look_up(const Url& url) const;

  std::vector<std::string> directories_;
  std::string ca_file_, ca_directory_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Use>> known_;
};

}  // namespace pyxis
