// Mounts as people write them: fstab lines, `start -m`, --container-mounts. Pure data; mount_plan.h gives it
// meaning.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/result.h"

namespace pyxis {

// One mount, fields as in fstab(5). `options` are single words or name=value, in the order given.
struct MountEntry {
  std::string source, target, type = "none";
  std::vector<std::string> options;
  int passno = 0;      // -1: mounted before the hooks
  std::string origin;  // "FILE:LINE" where it was read, for messages: two entries are equal without it
  bool operator==(const MountEntry& other) const;

  bool has_option(std::string_view name) const;
};

// The lines of an fstab. Fields after the source are optional: the target defaults to the source, the type to
// "none", the options to those of a --container-mounts entry. `#` begins a comment line. In every field
// `\ooo` is the byte with that octal number and `${NAME}` the variable's value (unset: nothing), which is not
// read again for blanks or escapes. A comma inside double quotes does not end an option. A line whose source
// or target comes out empty is an error, or is dropped if it has `nofail`. Errors begin with "ORIGIN:LINE:".
Result<std::vector<MountEntry>> parse_fstab(std::string_view text, const Environment& environment,
                                            std::string_view origin);

// `start -m`: SOURCE[:TARGET[:TYPE[:OPTIONS]]], `\:` for a colon inside a field; otherwise as a line of an
// fstab.
Result<MountEntry> parse_mount_argument(std::string_view argument, const Environment& environment);

// A --container-mounts entry (plugin spec, "Mounts"). Source "tmpfs": flags are tmpfs options; "umount":
// detaches what is mounted on the target; otherwise a recursive bind that makes its mount point, unless flags
// say otherwise.
MountEntry from_mount_request(const std::string& source, const std::string& target, std::string_view flags);

// A file of mounts.d: its name there, and what is in it.
struct FstabFile {
  std::string_view name, text;
};
// conf/mounts.d, in the order of names: the mounts every container gets (engine spec, "Image files").
std::span<const FstabFile> shipped_fstabs();

}  // namespace pyxis
