#include "storage/grants.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>

#include "base/text.h"
#include "image/digest.h"

namespace pyxis {
namespace {

constexpr time_t proof_lasts = 3600;  // seconds
constexpr size_t max_origin_bytes = 4096;
constexpr size_t most_notes = 1000;  // of containers, for each image

bool exists(const Fd& directory, const std::string& name) {
  return ::faccessat(directory.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// Of a grant that the user has by what he brought from no registry. Nothing is not that: it is what a crash
// leaves of any grant.
constexpr std::string_view no_registry = "-\n";

std::string text_of(const ImageOrigin& origin) {
  return origin.registry + " " + origin.repository + "\n";
}

std::optional<ImageOrigin> parse_origin(std::string_view text) {
  auto words = split(trim(text), ' ');
  if (words.size() != 2) return std::nullopt;
  return ImageOrigin{words[0], words[1]};
}

std::set<ImageOrigin> origins_of(const Fd& all, const Digest& layer) {
  std::set<ImageOrigin> origins;
  auto places = open_at(all.get(), layer.hex(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  auto names = places.ok() ? list_directory(places->get()) : Result<std::vector<std::string>>(places.error());
  if (!names.ok()) return origins;
  for (const auto& name : *names) {
    auto text = read_file(places->get(), name, max_origin_bytes);
    auto origin = text.ok() ? parse_origin(*text) : std::nullopt;
    if (origin) origins.insert(std::move(*origin));
  }
  return origins;
}

Result<Fd> directory_of(const Store& store, const std::string& kind, uid_t user) {
  auto root = TRY(open_path(store.path(), O_RDONLY | O_DIRECTORY));
  auto all = TRY(make_directory_at(root.get(), kind, 0700));
  return make_directory_at(all.get(), std::to_string(user), 0700);
}

}  // namespace

Result<Grants> Grants::open(const Store& store, uid_t user) {
  Grants grants;
  grants.grants_ = TRY(directory_of(store, "grants", user));
  grants.kept_ = TRY(directory_of(store, "kept", user));
  grants.proven_ = TRY(directory_of(store, "proven", user));
  auto root = TRY(open_path(store.path(), O_RDONLY | O_DIRECTORY));
  grants.origins_ = TRY(make_directory_at(root.get(), "origins", 0700));
  return grants;
}

Result<void> Grants::grant(const Digest& image, const ImageOrigin& origin) const {
  return write_file(grants_.get(), image.hex(), origin.empty() ? no_registry : text_of(origin), 0600);
}

void Grants::revoke(const Digest& image) const {
  ::unlinkat(grants_.get(), image.hex().c_str(), 0);
}

std::optional<ImageOrigin> Grants::granted_from(const Digest& image) const {
  auto text = read_file(grants_.get(), image.hex(), max_origin_bytes);
  if (!text.ok()) return std::nullopt;
  if (*text == no_registry) return ImageOrigin{};
  return parse_origin(*text);
}

Result<void> Grants::keep(const Digest& image, const std::string& container) const {
  auto containers = TRY(make_directory_at(kept_.get(), image.hex(), 0700));
  if (TRY(list_directory(containers.get(), most_notes)).size() >= most_notes)
    return Error{"too many containers of this user stand on image " + image.text(), "remove some: pyxis list",
                 EDQUOT};
  return write_file(containers.get(), Digest::of(container).hex(), container, 0600);
}

bool Grants::kept(const Digest& image) const {
  return exists(kept_, image.hex());
}

Result<void> Grants::note_proof(const Digest& layer) const {
  return write_file(proven_.get(), layer.hex(), "", 0600);
}

bool Grants::proven_lately(const Digest& layer) const {
  struct stat info;
  return ::fstatat(proven_.get(), layer.hex().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         info.st_mtime + proof_lasts > std::time(nullptr);
}

Result<void> Grants::note_origin(const Digest& layer, const ImageOrigin& origin) const {
  if (origin.empty()) return ok();
  auto places = TRY(make_directory_at(origins_.get(), layer.hex(), 0700));
  auto text = text_of(origin);
  return write_file(places.get(), Digest::of(text).hex(), text, 0600);
}

bool Grants::comes_from(const Digest& layer, const ImageOrigin& origin) const {
  return !origin.empty() && exists(origins_, layer.hex() + "/" + Digest::of(text_of(origin)).hex());
}

std::set<ImageOrigin> common_origins(const Store& store, const std::vector<Digest>& layers) {
  auto all = open_path(store.path() + "/origins", O_RDONLY | O_DIRECTORY);
  if (!all.ok() || layers.empty()) return {};
  auto common = origins_of(*all, layers.front());
  for (const auto& layer : layers) {
    if (common.empty()) break;
    auto origins = origins_of(*all, layer);
    std::erase_if(common, [&](const auto& origin) { return !origins.contains(origin); });
  }
  return common;
}

}  // namespace pyxis
