// Image files that came from an address: files/<sha256 of the address>/{image, facts.json}.
//
// Whoever brings one holds the exclusive lock `download_lock(url)`. It is replaced by a rename, and removed
// while others have it open: they go on with what they have. The facts' date is that of the last use.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace pyxis {

struct Download {
  std::string url;
  std::string etag, last_modified;  // of the answer, as they were; empty: it had none
  uint64_t bytes = 0;
  uint64_t last_use = 0;  // seconds since 1970
  std::string path;       // where it is
};

std::string download_lock(const std::string& url);

// Nothing where there is none, or a crash has left half of one.
Result<std::optional<Download>> find_download(const Store& store, const std::string& url);
// The file `image` in `staging` becomes that of the address; gives its path. `facts.path` is not looked at.
Result<std::string> publish_download(const Store& store, StagingDirectory staging, const Download& facts);
// It was used now.
void touch_download(const Store& store, const std::string& url);

// Those that are there, by their addresses.
Result<std::vector<Download>> list_downloads(const Store& store);

struct DownloadLimits {
  std::optional<uint64_t> unused_since;  // those whose last use was before go
  std::optional<uint64_t> bytes;         // then those that were not used for longest, until there are no more
  std::vector<std::string> urls;         // and these
};
// Removes (`dry_run`: only says) what goes. Waits for starts that are under way.
Result<std::vector<Download>> collect_downloads(const Store& store, const DownloadLimits& limits,
                                                bool dry_run);

}  // namespace pyxis
