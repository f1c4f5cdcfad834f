#include "engine/store_notes.h"

#include <fcntl.h>
#include <unistd.h>

#include <climits>

#include "base/fs.h"
#include "engine/runtime_directory.h"
#include "image/digest.h"

namespace pyxis {
namespace {

constexpr auto directory_name = "stores";

std::string prefix_of(uint64_t job) {
  return std::to_string(job) + "-";
}

// Gives each note of the job to `visit`.
template <class Visit>
Result<void> visit_notes(const std::string& runtime_path, uint64_t job, Visit&& visit) {
  auto runtime = TRY(find_runtime_directory(runtime_path));
  auto notes = open_at(runtime.get(), directory_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!notes.ok() && notes.error().code == ENOENT) return ok();
  if (!notes.ok()) return std::move(notes).error();
  for (const auto& name : TRY(list_directory(notes->get())))
    if (name.starts_with(prefix_of(job))) visit(notes->get(), name);
  return ok();
}

}  // namespace

Result<void> note_store(const Settings& settings, uint64_t job) {
  auto runtime = TRY(open_runtime_directory(settings.runtime_path));
  auto notes = TRY(make_directory_at(runtime.get(), directory_name, 0700));
  auto name = prefix_of(job) + Digest::of(settings.data_path).hex();
  if (::faccessat(notes.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return ok();
  return write_file(notes.get(), name, settings.data_path, 0600);
}

Result<std::vector<std::string>> noted_stores(const std::string& runtime_path, uint64_t job) {
  std::vector<std::string> paths;
  TRY(visit_notes(runtime_path, job, [&](int notes, const std::string& name) {
    auto path = read_file(notes, name, PATH_MAX);
    if (path.ok() && path->starts_with('/')) paths.push_back(std::move(*path));
  }));
  return paths;
}

void forget_stores(const std::string& runtime_path, uint64_t job) {
  (void)visit_notes(runtime_path, job,
                    [](int notes, const std::string& name) { ::unlinkat(notes, name.c_str(), 0); });
}

}  // namespace pyxis
