// What the sruns beside a salloc have found out for its job. On a login node no epilog would remove a file,
// so the notes are lines in memory that salloc holds: they end when it does, however it ends.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "contract/reference.h"
#include "spank/client.h"

namespace pyxis::spank {

// Where the notes are: "/proc/PID/fd/N" of salloc.
constexpr const char* notes_variable = "SLURM_PYXIS_ALLOCATION_NOTES";

// In salloc: makes the memory (memfd_create(2)) and names it to what salloc runs. The notes last as long as
// the descriptor.
Result<Fd> make_allocation_notes(ProcessVariables& variables);

class AllocationNotes {
 public:
  // In srun, of the salloc whose environment it has; none where there is none, or where what the variable
  // names is not such memory (salloc is gone and its number another process's).
  static std::optional<AllocationNotes> find(ProcessVariables& variables);

  // What `image` is in the job, if one of its sruns has noted that: a digest. `job`: salloc's shell may as
  // well start steps of another.
  std::optional<std::string> find_digest(uint64_t job, const Reference& image) const;
  // What it is from now on: that of the srun which was first.
  std::string note_digest(uint64_t job, const Reference& image, const std::string& digest) const;

 private:
  explicit AllocationNotes(Fd memory) : memory_(std::move(memory)) {}
  Fd memory_;  // O_APPEND: a line is written whole, behind those of others
};

}  // namespace pyxis::spank
