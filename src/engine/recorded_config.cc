#include "engine/recorded_config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/fs.h"
#include "base/text.h"
#include "engine/launch.h"
#include "image/start_files.h"
#include "layer/layer_lookup.h"

namespace pyxis {
namespace {

// What a file is, to be compared: a regular one's text, a link's target.
struct Content {
  bool link = false;
  std::string text;
  bool operator==(const Content&) const = default;
};

// Nothing where there is no such file, or it is of another kind.
std::optional<Content> content_of(int directory, const std::string& name) {
  constexpr size_t limit = 1 << 20;
  if (auto target = read_link(directory, name); target.ok()) return Content{true, std::move(*target)};
  auto file = open_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat info;
  if (!file.ok() || ::fstat(file->get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  auto text = read_fd(file->get(), limit);
  return text.ok() ? std::optional(Content{false, std::move(*text)}) : std::nullopt;
}

// Where what the user has changed lies: on top of the layers, or with all else.
Result<Fd> open_changes(const Store& store, const ContainerRecord& record) {
  const auto* name = record.form == ContainerForm::flat ? "/rootfs" : "/upper";
  return open_path(container_path(store, record.name) + name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

std::optional<Content> content_in(int root, const EntryPath& path) {
  auto directory = open_in_root(root, path.parents.front(), O_RDONLY | O_DIRECTORY);
  return directory.ok() ? content_of(directory->get(), path.leaf) : std::nullopt;
}

Result<std::optional<Content>> content_in_image(const Store& store, const Digest& digest,
                                                const EntryPath& path) {
  auto image = TRY(find_image(store, digest));
  if (!image) return std::optional<Content>();
  auto layers = TRY(open_layers(store, *image));
  std::vector<int> top_first;
  for (const auto& layer : layers) top_first.push_back(layer.get());
  auto found = TRY(find_in_layers(top_first, path));
  return found ? content_of(found->parent.get(), path.leaf) : std::optional<Content>();
}

std::string lines_only_in(const std::string& text, const std::string& other) {
  auto known = split(other, '\n');
  std::string lines;
  for (const auto& line : split(text, '\n'))
    if (std::ranges::find(known, line) == known.end()) lines += line + "\n";
  return lines;
}

}  // namespace

Result<RecordedConfig> recorded_config(const Store& store, const ContainerRecord& record) {
  RecordedConfig recorded{record.config, false, {}};
  if (record.config.empty()) return recorded;
  auto changes = TRY(open_changes(store, record));
  for (auto name : {rc_path, environment_path}) {
    auto path = TRY(parse_entry_path(name, 2));
    auto now = content_in(changes.get(), path);
    if (!now) continue;  // mostly, and no layer need be looked at
    auto before = TRY(content_in_image(store, record.image, path));
    if (now == before) continue;
    if (name == rc_path)
      recorded.own_rc = true;
    else if (!now->link)
      recorded.own_variables = lines_only_in(now->text, before && !before->link ? before->text : "");
  }
  return recorded;
}

}  // namespace pyxis
