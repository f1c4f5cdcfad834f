// What steps note about a container that enroot keeps, below the user's runtime directory:
//
//   <runtime>/enroot/containers/<name>/lock      held by whoever decides about the container
//                                      use       share-locked by every supervisor that is in it
//                                      owner     of a temporary one: who it goes with
//                                      made      there once enroot has been told to make it
//                                      process   `enroot start`
//                                      staging   a link to the directory that its image file is in
//                                      socket, rc   during a start
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

namespace pyxis::enroot {

// Where all this lies: `runtime_dir` is the user's own.
std::string notes_path(const std::string& runtime_dir);

class Notes {
 public:
  // Waits until nobody else decides about the container. What it notes goes with forget().
  static Result<Notes> decide(const std::string& runtime_dir, const std::string& container);
  // Others may decide now. (Explicitly: a forked supervisor has copies of the descriptor.)
  Result<void> decided();
  // Removes the notes; to be called while deciding.
  Result<void> forget();

  // Says that one supervisor more is in the container, as long as the descriptor and its copies are open.
  Result<Fd> use() const;
  // True where `use` is the only one, or, without one, where there is none.
  Result<bool> sole_user(const Fd& use) const;

  Result<void> note_owner(const ProcessIdentity& owner) const;
  Result<void> note_made() const;
  bool made() const;
  Result<void> note_process(const ProcessIdentity& process) const;
  // Nothing where none is noted.
  std::optional<ProcessIdentity> owner() const { return read_identity("owner"); }
  std::optional<ProcessIdentity> process() const { return read_identity("process"); }

  // A new directory of the user's below `parent`, noted.
  Result<std::string> make_staging(const std::string& parent) const;
  Result<void> remove_staging() const;

  // Whoever holds these, a forked child for one, decides still.
  std::vector<int> held() const { return {parent_.get(), directory_.get(), lock_.get()}; }
  int directory() const { return directory_.get(); }
  const std::string& path() const { return path_; }

 private:
  Result<bool> lock_directory();
  Result<void> note_identity(const char* name, const ProcessIdentity& process) const;
  std::optional<ProcessIdentity> read_identity(const char* name) const;

  std::string container_, path_;
  Fd parent_, directory_, lock_;
};

// The names of the containers that something is noted about.
Result<std::vector<std::string>> noted_containers(const std::string& runtime_dir);
// Removes what forget() left whose process was killed.
Result<void> remove_forgotten(const std::string& runtime_dir);

}  // namespace pyxis::enroot
