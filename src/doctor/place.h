// A directory that Pyxis keeps things in: whether it can be made and written to, what its file system can do,
// and what room it has.
#pragma once

#include <sys/statvfs.h>

#include <string>

#include "doctor/context.h"
#include "doctor/finding.h"

namespace pyxis::doctor {

struct Place {
  std::string check;  // begins the names of its findings: "user's store"
  std::string path;
  std::string setting;   // what names it: "ENROOT_DATA_PATH"
  std::string cleaning;  // the command that makes room
  bool own = false;      // the engine refuses one that is another user's
  // Whether containers' changes are there, in overlays; and whether overlays are wanted at all.
  bool holds_containers = false, overlays = true;
  bool holds_images = false;  // locks and extended attributes, then
};

// Makes a directory there, does in it what the engine does, and removes it. As root only where nobody else
// can change what is on the way: what a link of a user's leads to must not be written.
Findings check_place(const Context& context, const Place& place);

// What is left of the file system: fail where there is next to nothing, warn where there soon is. Small parts
// of large file systems are much: 1 % of 100 TB is room for many images.
Finding judge_space(const Place& place, const struct statvfs& space);
// The same, of the directory or the nearest one above it that there is.
Finding check_space(const Place& place);

}  // namespace pyxis::doctor
