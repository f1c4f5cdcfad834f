#include "engine/job_pins.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "base/fs.h"
#include "base/text.h"
#include "engine/runtime_directory.h"
#include "image/digest.h"

namespace pyxis {
namespace {

constexpr auto directory_name = "pins";
constexpr size_t max_digest_text = 256;

std::string note_name(uint64_t job, const Reference& name) {
  return std::to_string(job) + "-" + Digest::of(name.user + "@" + name.canonical()).hex();
}

Result<Fd> open_notes(const std::string& runtime_path) {
  auto runtime = find_runtime_directory(runtime_path);
  if (!runtime.ok()) return std::move(runtime).error();
  return open_at(runtime->get(), directory_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

// Where no epilog ran, after a crash. What is used is young.
void remove_forgotten(int notes) {
  constexpr time_t longest_job = 30 * 24 * 3600;
  auto names = list_directory(notes);
  if (!names.ok()) return;
  for (const auto& name : *names) {
    struct stat info;
    if (::fstatat(notes, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        info.st_mtime + longest_job < std::time(nullptr))
      ::unlinkat(notes, name.c_str(), 0);
  }
}

}  // namespace

bool has_tag(const Reference& name) {
  return name.scheme == Reference::Scheme::docker && name.digest.empty();
}

Result<std::optional<Digest>> find_pin(const std::string& runtime_path, uint64_t job, const Reference& name) {
  auto notes = open_notes(runtime_path);
  auto text = notes.ok() ? read_file(notes->get(), note_name(job, name), max_digest_text)
                         : Result<std::string>(std::move(notes).error());
  if (!text.ok() && text.error().code == ENOENT) return std::optional<Digest>();
  if (notes.ok()) ::utimensat(notes->get(), note_name(job, name).c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  return std::optional(TRY(Digest::parse(trim(TRY(std::move(text))))));
}

Result<void> note_pin(const std::string& runtime_path, uint64_t job, const Reference& name,
                      const Digest& digest) {
  auto runtime = TRY(open_runtime_directory(runtime_path));
  auto notes = TRY(make_directory_at(runtime.get(), directory_name, 0700));
  auto note = note_name(job, name), mine = note + "." + std::to_string(::getpid());
  remove_forgotten(notes.get());
  TRY(write_file(notes.get(), mine, digest.text(), 0600));
  int failed = ::linkat(notes.get(), mine.c_str(), notes.get(), note.c_str(), 0) == 0 ? 0 : errno;
  ::unlinkat(notes.get(), mine.c_str(), 0);
  if (failed != 0 && failed != EEXIST) return sys_error(note, failed);
  return ok();
}

void forget_pins(const std::string& runtime_path, uint64_t job) {
  auto notes = open_notes(runtime_path);
  if (!notes.ok()) return;
  auto names = list_directory(notes->get());
  if (!names.ok()) return;
  for (const auto& name : *names)
    if (name.starts_with(std::to_string(job) + "-")) ::unlinkat(notes->get(), name.c_str(), 0);
}

}  // namespace pyxis
