// Reads a directory tree for an image: its inodes into a Tree, its data into the block processor.
#pragma once

#include <sqfs/block_processor.h>
#include <sqfs/xattr_writer.h>
#include <sys/stat.h>

#include <vector>

#include "base/fd.h"
#include "squash/extra_files.h"
#include "squash/library.h"
#include "squash/tree.h"
#include "squash/writer.h"

namespace pyxis {

class TreeReader {
 public:
  TreeReader(const SquashRequest& request, Tree& tree, sqfs_block_processor_t* blocks,
             sqfs_xattr_writer_t* attributes, SqfsFile& output);

  // The top directory, with all below it in the tree.
  Result<Inode*> read();
  uint64_t bytes_read() const { return bytes_; }
  bool found_attributes() const { return found_attributes_; }

 private:
  // `extra`: what is added in this directory; null where nothing is.
  Result<Inode*> read_directory(int directory, const ExtraNode* extra);
  Result<Inode*> read_entry(int directory, const std::string& name, const ExtraNode* extra);
  Result<Inode*> read_node(int directory, const std::string& name, const struct stat& info);
  Result<Inode*> read_file(int directory, const std::string& name);
  Result<Inode*> read_link(int directory, const std::string& name, const struct stat& info);
  Result<void> read_content(int file, const struct stat& info, Inode& inode);
  Inode& add_directory(mode_t mode, uint32_t time);
  static void put_in(Inode& directory, const std::string& name, Inode& inode);
  Result<Inode*> add_fifo(const struct stat& info);
  Result<Inode*> add_extra(const ExtraNode& extra, uint32_t time);
  Result<void> read_attributes(int file, Inode& inode);
  Result<void> append(const void* data, size_t size);
  Result<void> begin_file(Inode& inode, uint64_t size);
  Result<void> check(int status, std::string_view what) const { return check_sqfs(status, what, output_); }
  uint32_t time_of(const struct stat& info) const;

  const SquashRequest& request_;
  Tree& tree_;
  sqfs_block_processor_t* blocks_;
  sqfs_xattr_writer_t* attributes_;
  SqfsFile& output_;
  std::vector<char> buffer_;
  uint64_t bytes_ = 0;
  bool found_attributes_ = false;
};

}  // namespace pyxis
