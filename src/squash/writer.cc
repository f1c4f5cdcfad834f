#include "squash/writer.h"

#include <sqfs/block_writer.h>
#include <sqfs/dir_writer.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/meta_writer.h>
#include <sqfs/super.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "squash/library.h"
#include "squash/tree.h"
#include "squash/tree_reader.h"

namespace pyxis {
namespace {

// What may wait for the compressors; it takes twice that memory. It evens out that reading many small files
// keeps the reader busy and a large one the compressors.
constexpr size_t backlog_bytes = 48 << 20;
constexpr unsigned max_workers = 64;

// One image in the making: the parts of libsquashfs, in the order of their dependence.
class Image {
 public:
  Image(const SquashRequest& request, int file) : request_(request), output_(file) {}

  Result<SquashFacts> write() {
    TRY(begin());
    TreeReader reader(request_, tree_, blocks_.get(), attributes_.get(), output_);
    auto* root = TRY(reader.read());
    TRY(check(sqfs_block_processor_finish(blocks_.get()), "pack"));
    tree_.number_all(*root);
    TRY(write_inodes(*root));
    TRY(write_tables(reader.found_attributes()));
    return SquashFacts{tree_.size(), reader.bytes_read(), output_.size()};
  }

 private:
  Result<void> check(int status, std::string_view what) const { return check_sqfs(status, what, output_); }
  sqfs_compressor_t* compressor_if(bool wanted) { return wanted ? compressor_.get() : storing_compressor(); }

  // The first bytes: a place for the super block, and the compressor's options.
  Result<void> begin() {
    const auto& options = request_.compression;
    compressor_ = TRY(make_compressor(options, Direction::compress, output_));
    uncompressor_ = TRY(make_compressor(options, Direction::uncompress, output_));
    auto date = request_.epoch.value_or(static_cast<uint32_t>(::time(nullptr)));
    TRY(check(sqfs_super_init(&super_, options.block_size, date, compressor_id(options.algorithm)), "begin"));
    set_flags();
    TRY(check(sqfs_super_write(&super_, output_.file()), "begin"));
    int bytes = compressor_->write_options(compressor_.get(), output_.file());
    TRY(check(std::min(bytes, 0), "begin"));
    if (bytes > 0) super_.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
    return make_parts();
  }

  // They tell only: nothing depends on them.
  void set_flags() {
    const auto& options = request_.compression;
    if (!options.inodes) super_.flags |= SQFS_FLAG_UNCOMPRESSED_INODES;
    if (!options.data) super_.flags |= SQFS_FLAG_UNCOMPRESSED_DATA;
    if (!options.fragments) super_.flags |= SQFS_FLAG_UNCOMPRESSED_FRAGMENTS;
    if (!options.attributes) super_.flags |= SQFS_FLAG_UNCOMPRESSED_XATTRS;
    if (options.tail_fragments) super_.flags |= SQFS_FLAG_ALWAYS_FRAGMENTS;
    if (!options.deduplicate) super_.flags |= SQFS_FLAG_NO_DUPLICATES;
  }

  Result<void> make_parts() {
    fragments_ = TRY(check_made(sqfs_frag_table_create(0), "begin"));
    block_writer_ = TRY(check_made(sqfs_block_writer_create(output_.file(), SQFS_DEVBLK_SIZE, 0), "begin"));
    attributes_ = TRY(check_made(sqfs_xattr_writer_create(0), "begin"));
    ids_ = TRY(check_made(sqfs_id_table_create(0), "begin"));
    TRY(check(sqfs_id_table_id_to_index(ids_.get(), 0, &root_id_), "begin"));
    sqfs_block_processor_desc_t plan{};
    plan.size = sizeof plan;
    plan.max_block_size = request_.compression.block_size;
    plan.num_workers =
        std::clamp(request_.compression.processors.value_or(request_.processors), 1u, max_workers);
    plan.max_backlog =
        std::max(static_cast<unsigned>(backlog_bytes / plan.max_block_size), plan.num_workers + 2);
    plan.cmp = compressor_.get();
    plan.wr = block_writer_.get();
    plan.tbl = fragments_.get();
    // Equal checksums are not taken for equal fragments: they are read back and compared.
    plan.file = output_.file();
    plan.uncmp = uncompressor_.get();
    sqfs_block_processor_t* blocks = nullptr;
    TRY(check(sqfs_block_processor_create_ex(&plan, &blocks), "start to compress"));
    blocks_.reset(blocks);
    return ok();
  }

  Result<void> write_inodes(Inode& root) {
    super_.inode_table_start = output_.size();
    auto* compressor = compressor_if(request_.compression.inodes);
    inodes_ = TRY(check_made(sqfs_meta_writer_create(output_.file(), compressor, 0), "inodes"));
    listings_ = TRY(check_made(
        sqfs_meta_writer_create(output_.file(), compressor, SQFS_META_WRITER_KEEP_IN_MEMORY), "inodes"));
    directories_ = TRY(check_made(sqfs_dir_writer_create(listings_.get(), 0), "inodes"));
    TRY(write_directory(root, static_cast<uint32_t>(tree_.size()) + 1));
    TRY(check(sqfs_meta_writer_flush(inodes_.get()), "inodes"));
    TRY(check(sqfs_meta_writer_flush(listings_.get()), "directories"));
    super_.root_inode_ref = root.reference;
    super_.inode_count = static_cast<sqfs_u32>(tree_.size());
    super_.directory_table_start = output_.size();
    return check(sqfs_meta_write_write_to_file(listings_.get()), "directories");
  }

  // What is in it comes first, for it is referred to.
  Result<void> write_directory(Inode& directory, uint32_t parent) {
    for (const auto& entry : directory.children) {
      if (S_ISDIR(entry.inode->mode)) TRY(write_directory(*entry.inode, directory.number));
    }
    for (const auto& entry : directory.children)
      if (!entry.inode->written) TRY(write_other(*entry.inode));
    TRY(check(sqfs_dir_writer_begin(directories_.get(), 0), "directories"));
    for (const auto& [name, inode] : directory.children)
      TRY(check(sqfs_dir_writer_add_entry(directories_.get(), name.c_str(), inode->number, inode->reference,
                                          static_cast<sqfs_u16>(inode->mode)),
                "directories"));
    TRY(check(sqfs_dir_writer_end(directories_.get()), "directories"));
    directory.data = sqfs_dir_writer_create_inode(directories_.get(), 0, directory.attributes, parent);
    if (directory.data == nullptr) return sys_error("directories", ENOMEM);
    auto& data = directory.data->data;
    (directory.data->base.type == SQFS_INODE_EXT_DIR ? data.dir_ext.nlink : data.dir.nlink) = directory.links;
    return write_inode(directory);
  }

  Result<void> write_other(Inode& inode) {
    auto* data = inode.data;
    if (S_ISREG(inode.mode) && inode.links > 1) {
      TRY(check(sqfs_inode_make_extended(data), "inodes"));
      data->data.file_ext.nlink = inode.links;
    }
    if (S_ISLNK(inode.mode)) data->data.slink.nlink = inode.links;
    if (S_ISFIFO(inode.mode)) data->data.ipc.nlink = inode.links;
    if (inode.attributes != no_attributes)
      TRY(check(sqfs_inode_set_xattr_index(data, inode.attributes), "inodes"));
    return write_inode(inode);
  }

  Result<void> write_inode(Inode& inode) {
    auto& base = inode.data->base;
    base.mode = static_cast<sqfs_u16>(inode.mode);
    base.uid_idx = base.gid_idx = root_id_;
    base.mod_time = inode.time;
    base.inode_number = inode.number;
    sqfs_u64 block;
    sqfs_u32 offset;
    sqfs_meta_writer_get_position(inodes_.get(), &block, &offset);
    inode.reference = block << 16 | offset;
    inode.written = true;
    return check(sqfs_meta_writer_write_inode(inodes_.get(), inode.data), "inodes");
  }

  Result<void> write_tables(bool attributes) {
    TRY(check(sqfs_frag_table_write(fragments_.get(), output_.file(), &super_, compressor_.get()), "tables"));
    TRY(check(sqfs_id_table_write(ids_.get(), output_.file(), &super_, compressor_.get()), "tables"));
    if (attributes)
      TRY(check(sqfs_xattr_writer_flush(attributes_.get(), output_.file(), &super_,
                                        compressor_if(request_.compression.attributes)),
                "tables"));
    super_.bytes_used = output_.size();
    TRY(check(sqfs_super_write(&super_, output_.file()), "finish"));
    return pad();
  }

  // To whole blocks, for loop devices.
  Result<void> pad() {
    auto rest = output_.size() % SQFS_DEVBLK_SIZE;
    if (rest == 0) return ok();
    std::vector<char> zeros(SQFS_DEVBLK_SIZE - rest);
    return check(output_.file()->write_at(output_.file(), output_.size(), zeros.data(), zeros.size()),
                 "finish");
  }

  const SquashRequest& request_;
  SqfsFile output_;
  Tree tree_;
  sqfs_super_t super_{};
  sqfs_u16 root_id_ = 0;
  SqfsPtr<sqfs_compressor_t> compressor_, uncompressor_;
  SqfsPtr<sqfs_frag_table_t> fragments_;
  SqfsPtr<sqfs_block_writer_t> block_writer_;
  SqfsPtr<sqfs_xattr_writer_t> attributes_;
  SqfsPtr<sqfs_id_table_t> ids_;
  SqfsPtr<sqfs_meta_writer_t> inodes_, listings_;
  SqfsPtr<sqfs_dir_writer_t> directories_;
  SqfsPtr<sqfs_block_processor_t> blocks_;  // the last: its threads use the others
};

}  // namespace

Result<SquashFacts> write_squash(const SquashRequest& request, int file) {
  return Image(request, file).write();
}

}  // namespace pyxis
