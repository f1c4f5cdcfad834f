// What an image is to hold: inodes and directories, collected before they are written.
#pragma once

#include <sqfs/inode.h>
#include <sys/types.h>

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pyxis {

struct Inode;

struct DirectoryEntry {
  std::string name;
  Inode* inode;
};

constexpr uint32_t no_attributes = 0xFFFFFFFF;  // of the format

struct Inode {
  mode_t mode = 0;
  uint32_t time = 0, links = 0;
  uint32_t attributes = no_attributes;  // their set's number
  uint32_t number = 0;                  // from 1; given when all are known
  bool written = false;
  uint64_t reference = 0;                // where it is in the image's table of inodes
  sqfs_inode_generic_t* data = nullptr;  // of libsquashfs, which changes the pointer; not of directories
  std::vector<DirectoryEntry> children;  // directories: sorted by name

  Inode() = default;
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;
  ~Inode() { std::free(data); }
};

// Inodes stay where they are in memory: libsquashfs keeps pointers into them.
class Tree {
 public:
  Inode& add(mode_t mode, uint32_t time);
  Inode* linked(dev_t device, ino_t number) const;
  void remember_link(dev_t device, ino_t number, Inode& inode) { links_[{device, number}] = &inode; }
  size_t size() const { return inodes_.size(); }

  // Numbers all inodes below `root`, entries of one directory in a row; the root is the last.
  void number_all(Inode& root);

 private:
  void number_below(Inode& directory);

  std::deque<Inode> inodes_;
  std::map<std::pair<dev_t, ino_t>, Inode*> links_;
  uint32_t last_number_ = 0;
};

}  // namespace pyxis
