// A file that is in its directory when it is complete, and not before.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

class OutputFile {
 public:
  // A file that has no name yet where the file system knows such (O_TMPFILE), else a hidden one beside the
  // name to come, which is removed unless the file is published; what killed processes left of such goes
  // first (whoever makes a file holds a flock on it). `directory` stays the caller's.
  static Result<OutputFile> create(int directory, const std::string& name);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  int fd() const { return file_.get(); }
  // Gives it its name. EEXIST where that is taken and `replace` is not set. It is on the disk before it takes
  // the place of another: power may fail. Errors that a file server tells only when a file is closed are told
  // here.
  Result<void> publish(bool replace);

 private:
  OutputFile(int directory, std::string name, Fd file, std::string temporary);
  Result<void> give_name(bool replace);

  int directory_;
  std::string name_;
  Fd file_;
  std::string temporary_;  // empty: it has none
};

}  // namespace pyxis
