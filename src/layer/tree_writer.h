// Writes a layer's tree beneath one directory, by descriptors and single names only.
//
// The directories on the way to the current entry stay open, because archives come in the order of a tree: a
// small file costs openat, pwrite, utimensat and close. A directory gets its time when it is left; if it is
// entered again, the time is read back first, so nothing needs to be remembered about directories that are
// not open.
#pragma once

#include <time.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "layer/entry_path.h"
#include "layer/tar_reader.h"
#include "layer/unpack.h"

namespace pyxis {

class TreeWriter {
 public:
  // Counts what it makes in `facts`, which outlives the writer.
  static Result<TreeWriter> open(int destination, LayerForm form, LayerFacts& facts);

  // Each replaces what an earlier entry of the same layer left at the path. Modes and names: see unpack.h.
  Result<void> add_directory(const EntryPath& path, const TarEntry& entry);
  Result<void> add_symlink(const EntryPath& path, const TarEntry& entry);
  Result<void> add_fifo(const EntryPath& path, const TarEntry& entry);
  // The new file, open for writing; close_file() sets what writing would undo.
  Result<Fd> create_file(const EntryPath& path, const TarEntry& entry);
  Result<void> close_file(Fd file, const TarEntry& entry);
  // False where the layer has no `target` (now): then nothing of the layer is left at `path` either.
  Result<bool> add_hard_link(const EntryPath& path, const EntryPath& target, const TarEntry& entry);

  Result<void> add_whiteout(const EntryPath& path, const TarEntry& entry);
  Result<void> add_opaque(const EntryPath& path, const TarEntry& entry);

  // Whether the layer has something other than a whiteout at `path`.
  Result<bool> present(const EntryPath& path);
  // Sets what is still to be set on directories.
  Result<void> finish();

 private:
  struct Directory {
    std::string name;
    Fd fd;
    timespec mtime;
    bool timed;  // has an mtime to be set when it is left
  };
  enum class Found { nothing, whiteout, directory, symlink, other };

  TreeWriter(LayerForm form, LayerFacts& facts) : form_(form), facts_(&facts) {}
  int root() const { return stack_.front().fd.get(); }
  int current() const { return stack_.back().fd.get(); }
  Result<int> enter(const std::vector<std::string>& parents, const timespec& implied_time);
  Result<void> leave_to(size_t depth);
  Result<void> open_parent(const std::string& name, const timespec& implied_time);
  Result<Fd> make_directory(const std::string& name, mode_t mode, bool opaque);
  void remember_implied();
  Result<Fd> remake_directory(const std::string& name, mode_t mode);
  Result<Fd> find_parent(const EntryPath& path);
  Result<void> mark_opaque(int dir);
  Result<void> set_link_time(const std::string& name, const TarEntry& entry);
  static Result<Found> look(int dir, const std::string& name);
  // Calls `make` (0, or -1 and errno), and once more after removing what has the name.
  template <class Make>
  Result<void> make_anew(const std::string& name, const std::string& step, Make make);

  LayerForm form_;
  LayerFacts* facts_;
  mode_t late_bits_ = 07777;  // mode bits that open(2) and mkdir(2) cannot be trusted to give
  size_t implied_bytes_ = 0;
  std::vector<Directory> stack_;  // the root first
};

}  // namespace pyxis
