// Whether a user may have an image that is there: what the site's policy, the user's earlier grants and the
// registry say together.
#pragma once

#include <set>
#include <string>

#include "base/process.h"
#include "base/result.h"
#include "contract/storage.h"
#include "registry/registries_conf.h"
#include "storage/grants.h"
#include "storage/vouch.h"
#include "store/images.h"

namespace pyxis {

// When a registry is asked about an image that was granted before.
enum class AskPolicy {
  always,     // at each start; whom it cannot be asked for gets nothing
  reachable,  // at each start; while it does not answer, what it said last counts
  never,      // not again
  kept,       // never, and only images count that a container of the user's stands on
};

struct EntitlementSettings {
  AskPolicy policy = AskPolicy::reachable;
  std::set<std::string> http_registries;  // that may be asked over plain http
  RegistriesConf registries;              // root's word on where repositories are to be had
  std::string registries_error;           // why that is not known; empty: it is
};

// Asks registries, by a process of its own for as long as it is wanted.
class Registries {
 public:
  explicit Registries(std::string program) : program_(std::move(program)) {}
  // Starts the process, so that it is there when it is asked.
  void prepare();
  VouchReply ask(const VouchRequest& request);
  void dismiss();
  // Mirrors that have not answered: nobody waits for them again.
  std::set<std::string>& silent_mirrors() { return silent_mirrors_; }
  // In a copy of the process that is to do something else.
  void abandon() {
    socket_.reset();
    (void)process_.release();
  }

 private:
  Result<VouchReply> try_to_ask(const VouchRequest& request);

  std::string program_;
  Child process_;
  Fd socket_;
  std::set<std::string> silent_mirrors_;
};

class Entitlement {
 public:
  Entitlement(const Grants& grants, EntitlementSettings settings, Registries& registries)
      : grants_(grants), settings_(std::move(settings)), registries_(registries) {}

  struct Decision {
    bool granted = false;
    bool unauthorized = false;  // the registry wants to know who asks
    std::string text;           // granted: a warning; else: why not, or empty where that is nobody's affair
  };
  // `request` is a claim. The image must be there.
  Decision decide(const StorageRequest& claim, const StoredImage& image) const;

  // Whether that registry, or a mirror that root has named for it, says now that the one who sends this may
  // read the image. Mirrors are asked as nobody.
  VouchReply vouch(const ImageOrigin& origin, const Digest& image, const std::string& authorization) const;

 private:
  bool comes_from(const StoredImage& image, const ImageOrigin& origin) const;

  const Grants& grants_;
  EntitlementSettings settings_;
  Registries& registries_;
};

}  // namespace pyxis
