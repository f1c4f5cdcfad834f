#include "squash/tree.h"

#include <sys/stat.h>

namespace pyxis {

Inode& Tree::add(mode_t mode, uint32_t time) {
  auto& inode = inodes_.emplace_back();
  inode.mode = mode;
  inode.time = time;
  return inode;
}

Inode* Tree::linked(dev_t device, ino_t number) const {
  auto found = links_.find({device, number});
  return found == links_.end() ? nullptr : found->second;
}

void Tree::number_below(Inode& directory) {
  for (const auto& entry : directory.children)
    if (S_ISDIR(entry.inode->mode)) number_below(*entry.inode);
  for (const auto& entry : directory.children)
    if (entry.inode->number == 0) entry.inode->number = ++last_number_;
}

void Tree::number_all(Inode& root) {
  number_below(root);
  root.number = ++last_number_;
}

}  // namespace pyxis
