// The distribution's own docker-registry on a free loopback port.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/process.h"
#include "stored_image.h"
#include "temporary_directory.h"

namespace pyxis::test {

class DockerRegistry {
 public:
  struct Options {
    bool password = false;         // Basic auth: user "me", password "hunter2"
    std::string certificate, key;  // PEM files: TLS
    std::string token_realm;       // Bearer auth, tokens from there; needs a certificate
    std::string redirect;          // where blobs are said to be
  };
  // Throws if it cannot be started: a machine that runs these tests has docker-registry.
  DockerRegistry(const std::string& repository, const StoredImage& image, const Options& options);
  ~DockerRegistry();

  const std::string& address() const { return address_; }

 private:
  void store(const std::string& repository, const StoredImage& image) const;

  TemporaryDirectory directory_;
  Child child_;
  Fd log_;
  std::thread log_reader_;
  std::string address_;
};

}  // namespace pyxis::test
