#include "store/downloads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "store/collection.h"
#include "store/record.h"

namespace pyxis {
namespace {

constexpr auto facts_name = "facts.json", image_name = "image";

Result<Fd> open_files(const Store& store) {
  auto root = TRY(open_path(store.path(), O_RDONLY | O_DIRECTORY));
  return make_directory_at(root.get(), "files", 0700);
}

std::string key_of(const std::string& url) {
  return Digest::of(url).hex();
}

Result<Download> read_facts(const Store& store, const Fd& files, const std::string& key) {
  auto facts = TRY(read_record(files.get(), key + "/" + facts_name, "downloaded image file",
                               [](const nlohmann::json& entry) -> Result<Download> {
                                 Download download;
                                 download.url = entry.at("url");
                                 download.etag = entry.at("etag");
                                 download.last_modified = entry.at("lastModified");
                                 download.bytes = entry.at("bytes");
                                 return download;
                               }));
  struct stat info;
  if (::fstatat(files.get(), (key + "/" + facts_name).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return sys_error(facts_name);
  facts.last_use = static_cast<uint64_t>(info.st_mtim.tv_sec);
  facts.path = store.path() + "/files/" + key + "/" + image_name;
  return facts;
}

// As many bytes as the facts say: what a crash has cut off is none.
bool complete(const Download& facts) {
  struct stat info;
  return ::lstat(facts.path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<uint64_t>(info.st_size) == facts.bytes;
}

std::vector<Download> read_all(const Store& store, const Fd& files, const std::vector<std::string>& keys) {
  std::vector<Download> all;
  for (const auto& key : keys)
    if (auto facts = read_facts(store, files, key); facts.ok()) all.push_back(std::move(*facts));
  return all;  // without one that is being replaced
}

}  // namespace

std::string download_lock(const std::string& url) {
  return "file-" + key_of(url);
}

Result<std::optional<Download>> find_download(const Store& store, const std::string& url) {
  auto files = TRY(open_files(store));
  auto facts = read_facts(store, files, key_of(url));
  if (!facts.ok() || facts->url != url || !complete(*facts)) return std::optional<Download>();
  return std::optional(std::move(*facts));
}

Result<std::string> publish_download(const Store& store, StagingDirectory staging, const Download& facts) {
  auto files = TRY(open_files(store));
  auto key = key_of(facts.url);
  auto place = TRY(make_directory_at(files.get(), key, 0700));
  // Never the facts of another file beside it.
  if (::unlinkat(place.get(), facts_name, 0) != 0 && errno != ENOENT) return sys_error("replace " + key);
  if (::renameat(staging.fd(), image_name, place.get(), image_name) != 0) return sys_error("publish " + key);
  nlohmann::json entry = {{"url", facts.url},
                          {"etag", facts.etag},
                          {"lastModified", facts.last_modified},
                          {"bytes", facts.bytes}};
  TRY(write_file(place.get(), facts_name, entry.dump(), 0600));
  return store.path() + "/files/" + key + "/" + image_name;
}

void touch_download(const Store& store, const std::string& url) {
  auto files = open_files(store);
  if (files.ok())
    ::utimensat(files->get(), (key_of(url) + "/" + facts_name).c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

Result<std::vector<Download>> list_downloads(const Store& store) {
  auto files = TRY(open_files(store));
  auto all = read_all(store, files, TRY(list_directory(files.get())));
  std::ranges::sort(all, {}, &Download::url);
  return all;
}

Result<std::vector<Download>> collect_downloads(const Store& store, const DownloadLimits& limits,
                                                bool dry_run) {
  auto files = TRY(open_files(store));
  auto alone = dry_run ? Fd() : TRY(store.lock_exclusive(collection_lock));
  auto all = read_all(store, files, TRY(list_directory(files.get())));
  std::vector<Download> gone;
  uint64_t bytes = 0;
  for (const auto& each : all) bytes += each.bytes;
  std::ranges::sort(all, {}, [](const Download& each) { return std::pair(each.last_use, each.url); });
  for (auto& each : all) {
    bool named = std::ranges::count(limits.urls, each.url) > 0;
    bool old = limits.unused_since && each.last_use < *limits.unused_since;
    bool too_much = limits.bytes && bytes > *limits.bytes;
    if (!named && !old && !too_much) continue;
    if (!dry_run) TRY(remove_tree(files.get(), key_of(each.url)));
    bytes -= each.bytes;
    gone.push_back(std::move(each));
  }
  return gone;
}

}  // namespace pyxis
