#include "spank/allocation_notes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis::spank {
namespace {

constexpr auto memory_name = "pyxis-allocation";
constexpr size_t max_notes = 1u << 20;

// proc(5): the link of a memfd reads "/memfd:NAME (deleted)".
bool is_ours(int file) {
  auto target = read_link(fd_path(file));
  return target.ok() && *target == std::string("/memfd:") + memory_name + " (deleted)";
}

std::string line_start(uint64_t job, const Reference& image) {
  return std::to_string(job) + " " + image.user + "@" + image.canonical() + " ";
}

}  // namespace

Result<Fd> make_allocation_notes(ProcessVariables& variables) {
  Fd memory(::memfd_create(memory_name, MFD_CLOEXEC));
  if (!memory) return sys_error("memfd_create");
  variables.set(notes_variable,
                "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(memory.get()));
  return memory;
}

std::optional<AllocationNotes> AllocationNotes::find(ProcessVariables& variables) {
  auto path = variables.get(notes_variable);
  if (!path) return std::nullopt;
  // O_PATH: nothing happens to what it may be instead.
  auto found = open_path(*path, O_PATH);
  if (!found.ok() || !is_ours(found->get())) return std::nullopt;
  auto memory = open_path(fd_path(found->get()), O_RDWR | O_APPEND);
  if (!memory.ok()) return std::nullopt;
  return AllocationNotes(std::move(*memory));
}

std::optional<std::string> AllocationNotes::find_digest(uint64_t job, const Reference& image) const {
  auto notes = read_file(fd_path(memory_.get()), max_notes);
  if (!notes.ok()) return std::nullopt;
  auto start = line_start(job, image);
  for (const auto& line : split(*notes, '\n'))
    if (line.starts_with(start)) return std::string(line.substr(start.size()));
  return std::nullopt;
}

std::string AllocationNotes::note_digest(uint64_t job, const Reference& image,
                                         const std::string& digest) const {
  (void)write_all(memory_.get(), line_start(job, image) + digest + "\n");
  return find_digest(job, image).value_or(digest);
}

}  // namespace pyxis::spank
