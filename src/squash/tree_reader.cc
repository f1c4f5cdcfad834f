#include "squash/tree_reader.h"

#include <fcntl.h>
#include <sqfs/block.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <limits>
#include <set>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {
namespace {

constexpr size_t buffer_bytes = 1 << 20;

// Of names in a directory that is being changed while it is read.
bool vanished(const Error& error) {
  return error.code == ENOENT || error.code == ESTALE;
}

Error in_entry(Error error, const std::string& name) {
  // "/a/b/file: open: ...": the names come one by one on the way up.
  bool has_path = error.message.starts_with('/');
  error.message.insert(0, "/" + printable(name) + (has_path ? "" : ": "));
  return error;
}

Result<std::vector<std::string>> attribute_names(int file) {
  std::vector<char> names;
  for (;;) {
    ssize_t size = ::flistxattr(file, nullptr, 0);
    if (size < 0 && (errno == ENOTSUP || errno == EPERM)) return std::vector<std::string>();
    if (size < 0) return sys_error("list attributes");
    names.resize(static_cast<size_t>(size));
    size = ::flistxattr(file, names.data(), names.size());
    if (size < 0 && errno == ERANGE) continue;
    if (size < 0) return sys_error("list attributes");
    names.resize(static_cast<size_t>(size));
    break;
  }
  std::vector<std::string> wanted;
  for (size_t begin = 0; begin < names.size();) {
    std::string name(names.data() + begin);
    begin += name.size() + 1;
    if (name.starts_with("user.") && !name.starts_with("user.overlay.")) wanted.push_back(std::move(name));
  }
  std::ranges::sort(wanted);
  return wanted;
}

// As libsquashfs keeps them: in one piece with what varies in length, from malloc.
sqfs_inode_generic_t* make_inode(unsigned type, size_t extra) {
  auto* inode = static_cast<sqfs_inode_generic_t*>(std::calloc(1, sizeof(sqfs_inode_generic_t) + extra + 1));
  if (inode != nullptr) inode->base.type = static_cast<sqfs_u16>(type);
  return inode;
}

}  // namespace

TreeReader::TreeReader(const SquashRequest& request, Tree& tree, sqfs_block_processor_t* blocks,
                       sqfs_xattr_writer_t* attributes, SqfsFile& output)
    : request_(request),
      tree_(tree),
      blocks_(blocks),
      attributes_(attributes),
      output_(output),
      buffer_(buffer_bytes) {}

Result<Inode*> TreeReader::read() {
  auto extra = TRY(arrange_extra_files(request_.extra, request_.root));
  auto top = TRY_CONTEXT(open_at(request_.root, ".", O_RDONLY | O_DIRECTORY), "the tree's top");
  auto all = read_directory(top.get(), &extra);
  // Relative to the tree: it is not the host's root.
  if (!all.ok() && all.error().message.starts_with('/')) {
    auto error = std::move(all).error();
    error.message.erase(0, 1);
    return error;
  }
  return all;
}

uint32_t TreeReader::time_of(const struct stat& info) const {
  constexpr time_t latest = std::numeric_limits<uint32_t>::max();  // in 2106
  return static_cast<uint32_t>(
      std::clamp<time_t>(info.st_mtim.tv_sec, 0, request_.epoch ? time_t{*request_.epoch} : latest));
}

Inode& TreeReader::add_directory(mode_t mode, uint32_t time) {
  auto& directory = tree_.add(mode, time);
  directory.links = 2;  // its own name, and "." in it
  return directory;
}

void TreeReader::put_in(Inode& directory, const std::string& name, Inode& inode) {
  directory.children.push_back({name, &inode});
  ++(S_ISDIR(inode.mode) ? directory : inode).links;  // a directory's ".." is a link to the one above
}

Result<Inode*> TreeReader::read_directory(int directory, const ExtraNode* extra) {
  struct stat info;
  if (::fstat(directory, &info) != 0) return sys_error("stat");
  auto& inode = add_directory(info.st_mode, time_of(info));
  TRY(read_attributes(directory, inode));
  auto listed = TRY(list_directory(directory));
  std::set<std::string> names(std::make_move_iterator(listed.begin()), std::make_move_iterator(listed.end()));
  if (extra != nullptr)
    for (const auto& [name, node] : extra->children) names.insert(name);
  for (const auto& name : names) {
    const ExtraNode* added = nullptr;
    if (extra != nullptr)
      if (auto found = extra->children.find(name); found != extra->children.end()) added = &found->second;
    auto entry = added != nullptr && added->file != nullptr ? add_extra(*added, inode.time)
                                                            : read_entry(directory, name, added);
    if (!entry.ok() && added != nullptr && vanished(entry.error())) entry = add_extra(*added, inode.time);
    if (!entry.ok() && vanished(entry.error())) continue;
    if (!entry.ok()) return in_entry(std::move(entry).error(), name);
    if (*entry == nullptr) continue;
    put_in(inode, name, **entry);
  }
  return &inode;
}

// Null for what is left out.
Result<Inode*> TreeReader::read_entry(int directory, const std::string& name, const ExtraNode* extra) {
  if (request_.stop.stop_requested()) return sys_error("stopped", ECANCELED);
  struct stat info;
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return sys_error("stat");
  if (S_ISDIR(info.st_mode)) {
    auto below = TRY_CONTEXT(open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), "open");
    return read_directory(below.get(), extra);
  }
  if (extra != nullptr) return sys_error("files are to be added there", ENOTDIR);
  if (info.st_nlink < 2) return read_node(directory, name, info);
  if (auto* linked = tree_.linked(info.st_dev, info.st_ino)) return linked;
  auto* inode = TRY(read_node(directory, name, info));
  if (inode != nullptr) tree_.remember_link(info.st_dev, info.st_ino, *inode);
  return inode;
}

Result<Inode*> TreeReader::read_node(int directory, const std::string& name, const struct stat& info) {
  if (S_ISREG(info.st_mode)) return read_file(directory, name);
  if (S_ISLNK(info.st_mode)) return read_link(directory, name, info);
  if (S_ISFIFO(info.st_mode)) return add_fifo(info);
  return nullptr;
}

Result<Inode*> TreeReader::read_file(int directory, const std::string& name) {
  // Not to hang where a fifo has taken its place.
  auto file = open_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (!file.ok())
    return Error{"open: " + std::string(strerrordesc_np(file.error().code)), {}, file.error().code};
  struct stat info;
  if (::fstat(file->get(), &info) != 0) return sys_error("stat");
  if (!S_ISREG(info.st_mode)) return nullptr;
  auto& inode = tree_.add(info.st_mode, time_of(info));
  TRY(read_attributes(file->get(), inode));
  TRY(read_content(file->get(), info, inode));
  return &inode;
}

// Which of a file's data are compressed and shared depends on its size: data of files smaller than a block
// are what mksquashfs calls fragments.
Result<void> TreeReader::begin_file(Inode& inode, uint64_t size) {
  const auto& options = request_.compression;
  bool small = size < options.block_size;
  bool shared =
      options.use_fragments && (small || (options.tail_fragments && options.data == options.fragments));
  bool compressed = small && shared ? options.fragments : options.data;
  sqfs_u32 flags = 0;
  if (!shared) flags |= SQFS_BLK_DONT_FRAGMENT;
  if (!compressed) flags |= SQFS_BLK_DONT_COMPRESS;
  if (!options.deduplicate) flags |= SQFS_BLK_DONT_DEDUPLICATE;
  return check(sqfs_block_processor_begin_file(blocks_, &inode.data, nullptr, flags), "pack");
}

Result<void> TreeReader::append(const void* data, size_t size) {
  if (request_.stop.stop_requested()) return sys_error("stopped", ECANCELED);
  if (size == 0) return ok();  // which libsquashfs (1.2.0) takes badly
  TRY(check(sqfs_block_processor_append(blocks_, data, size), "pack"));
  bytes_ += size;
  if (request_.progress) request_.progress(bytes_);
  return ok();
}

// As much as the file had when it was opened: one that grows would have no end.
Result<void> TreeReader::read_content(int file, const struct stat& info, Inode& inode) {
  auto left = static_cast<uint64_t>(info.st_size);
  TRY(begin_file(inode, left));
  while (left > 0) {
    ssize_t got = ::read(file, buffer_.data(), std::min<uint64_t>(left, buffer_.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return sys_error("read");
    if (got == 0) break;
    TRY(append(buffer_.data(), static_cast<size_t>(got)));
    left -= static_cast<size_t>(got);
  }
  return check(sqfs_block_processor_end_file(blocks_), "pack");
}

Result<Inode*> TreeReader::read_link(int directory, const std::string& name, const struct stat& info) {
  ssize_t length = ::readlinkat(directory, name.c_str(), buffer_.data(), PATH_MAX);
  if (length < 0) return sys_error("read link");
  auto& inode = tree_.add(info.st_mode, time_of(info));
  inode.data = make_inode(SQFS_INODE_SLINK, static_cast<size_t>(length));
  if (inode.data == nullptr) return sys_error("link", ENOMEM);
  std::copy_n(buffer_.data(), length, reinterpret_cast<char*>(inode.data->extra));
  inode.data->data.slink.target_size = static_cast<sqfs_u32>(length);
  inode.data->payload_bytes_available = inode.data->payload_bytes_used = static_cast<sqfs_u32>(length);
  return &inode;
}

Result<Inode*> TreeReader::add_fifo(const struct stat& info) {
  auto& inode = tree_.add(info.st_mode, time_of(info));
  inode.data = make_inode(SQFS_INODE_FIFO, 0);
  if (inode.data == nullptr) return sys_error("fifo", ENOMEM);
  return &inode;
}

Result<Inode*> TreeReader::add_extra(const ExtraNode& extra, uint32_t time) {
  if (extra.file != nullptr) {
    auto& inode = tree_.add(S_IFREG | (extra.file->mode & 07777), time);
    TRY(begin_file(inode, extra.file->content.size()));
    TRY(append(extra.file->content.data(), extra.file->content.size()));
    TRY(check(sqfs_block_processor_end_file(blocks_), "pack"));
    return &inode;
  }
  auto& directory = add_directory(S_IFDIR | 0755, time);
  for (const auto& [name, node] : extra.children) {
    put_in(directory, name, *TRY(add_extra(node, time)));
  }
  return &directory;
}

Result<void> TreeReader::read_attributes(int file, Inode& inode) {
  auto names = TRY(attribute_names(file));
  if (names.empty()) return ok();
  TRY(check(sqfs_xattr_writer_begin(attributes_, 0), "attributes"));
  for (const auto& name : names) {
    std::vector<char> value(XATTR_SIZE_MAX);
    ssize_t size = ::fgetxattr(file, name.c_str(), value.data(), value.size());
    if (size < 0 && errno == ENODATA) continue;
    if (size < 0) return sys_error("attribute " + printable(name));
    TRY(check(sqfs_xattr_writer_add(attributes_, name.c_str(), value.data(), static_cast<size_t>(size)),
              "attributes"));
  }
  found_attributes_ = true;
  return check(sqfs_xattr_writer_end(attributes_, &inode.attributes), "attributes");
}

}  // namespace pyxis
