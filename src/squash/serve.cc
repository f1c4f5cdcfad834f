#include "squash/serve.h"

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "squash/directory_names.h"
#include "squash/file_number.h"
#include "squash/listing_places.h"

namespace pyxis {
namespace {

using Inode = SquashReader::Inode;
using InodePointer = std::shared_ptr<const Inode>;

constexpr unsigned max_ahead_threads = 4;

// How long the kernel may believe what it was told, in seconds: for good.
constexpr double for_good = 1e9;
// The overlay's own marks: an image must not be able to hide or redirect what lies below it.
constexpr std::string_view overlay_prefix = "user.overlay.";

struct Served {
  const SquashReader& image;
  const ServeOptions& options;
  ReadLog& log;
  mutable squash::ListingPlaces places{};
  mutable squash::DirectoryNames names{};
};

const Served& served(fuse_req_t request) {
  return *static_cast<const Served*>(fuse_req_userdata(request));
}

fuse_ino_t number_of(const Served& served, uint64_t reference) {
  return squash::number_of(served.image, reference);
}

// What is wrong with an image is EIO for whoever reads it.
int errno_of(const Error& error) {
  return error.code != 0 ? error.code : EIO;
}

mode_t type_bits(SquashReader::Kind kind) {
  switch (kind) {
    case SquashReader::Kind::directory:
      return S_IFDIR;
    case SquashReader::Kind::regular:
      return S_IFREG;
    case SquashReader::Kind::symlink:
      return S_IFLNK;
    case SquashReader::Kind::block_device:
      return S_IFBLK;
    case SquashReader::Kind::char_device:
      return S_IFCHR;
    case SquashReader::Kind::fifo:
      return S_IFIFO;
    case SquashReader::Kind::socket:
      return S_IFSOCK;
  }
  return S_IFREG;
}

// Modes are as for unpacked layers: what the user cannot read of an image that is his own, root could.
mode_t mode_of(const Inode& inode) {
  mode_t needed = inode.kind == SquashReader::Kind::directory ? 0700 : 0400;
  return type_bits(inode.kind) | (inode.mode & 01777) | needed;
}

struct stat attributes_of(const Served& served, const Inode& inode) {
  struct stat info {};
  info.st_ino = number_of(served, inode.reference);
  info.st_mode = mode_of(inode);
  info.st_nlink = inode.links;
  info.st_uid = served.options.uid;
  info.st_gid = served.options.gid;
  info.st_size = static_cast<off_t>(inode.size);
  info.st_blocks = static_cast<blkcnt_t>((inode.size + 511) / 512);
  info.st_blksize = static_cast<blksize_t>(served.image.info().block_size);
  info.st_mtim.tv_sec = info.st_atim.tv_sec = info.st_ctim.tv_sec = inode.mtime;
  return info;
}

fuse_entry_param entry_of(const Served& served, const Inode& inode) {
  fuse_entry_param entry{};
  entry.ino = number_of(served, inode.reference);
  entry.attr = attributes_of(served, inode);
  entry.attr_timeout = entry.entry_timeout = for_good;
  return entry;
}

// The answer of a handler is its return value: sent, or an errno that is still to be sent.
template <class Answer>
void answer(fuse_req_t request, Answer&& answer) noexcept {
  int code = EIO;
  try {
    Result<void> answered = answer(served(request));
    if (answered.ok()) return;
    code = errno_of(answered.error());
  } catch (const std::bad_alloc&) {
    code = ENOMEM;
  } catch (const std::exception&) {
  }
  fuse_reply_err(request, code);
}

Result<InodePointer> find_inode(const Served& served, fuse_ino_t number) {
  return served.image.inode(squash::reference_of(served.image, number));
}

void look_up(fuse_req_t request, fuse_ino_t parent, const char* name) {
  answer(request, [&](const Served& served) -> Result<void> {
    auto directory = TRY(find_inode(served, parent));
    auto found = TRY(served.image.find(*directory, name));
    fuse_entry_param entry{};
    entry.entry_timeout = for_good;  // also that there is none
    if (found) {
      entry = entry_of(served, *TRY(served.image.inode(found->reference)));
      if (S_ISDIR(entry.attr.st_mode) && !served.names.is_only(entry.ino, parent, name))
        return sys_error(name, EIO);
    }
    served.log.looked_up(parent, name, entry.ino);
    fuse_reply_entry(request, &entry);
    return ok();
  });
}

void get_attributes(fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
  answer(request, [&](const Served& served) -> Result<void> {
    auto info = attributes_of(served, *TRY(find_inode(served, number)));
    fuse_reply_attr(request, &info, for_good);
    return ok();
  });
}

void read_link(fuse_req_t request, fuse_ino_t number) {
  answer(request, [&](const Served& served) -> Result<void> {
    fuse_reply_readlink(request, TRY(find_inode(served, number))->target.c_str());
    return ok();
  });
}

// ENOSYS: the kernel need not ask again, opens without us and keeps what it has read (FUSE_NO_OPEN_SUPPORT,
// FUSE_NO_OPENDIR_SUPPORT).
void open_nothing(fuse_req_t request, fuse_ino_t, fuse_file_info*) {
  fuse_reply_err(request, ENOSYS);
}

void read_file(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, fuse_file_info*) {
  answer(request, [&](const Served& served) -> Result<void> {
    thread_local std::vector<char> buffer;
    if (buffer.size() < size) buffer.resize(size);
    auto file = TRY(find_inode(served, number));
    size_t got = TRY(served.image.read(*file, static_cast<uint64_t>(offset), {buffer.data(), size}));
    served.log.read(number, static_cast<uint64_t>(offset), static_cast<uint32_t>(size));
    fuse_reply_buf(request, buffer.data(), got);
    return ok();
  });
}

// A directory is asked for piece by piece, by whichever thread comes first. `skip`: so many entries are
// known.
Result<SquashReader::Listing> listing_from(const Served& served, fuse_ino_t number, uint64_t skip) {
  if (auto place = served.places.find(number, skip)) return served.image.list(*place);
  auto listing = TRY(served.image.list(*TRY(find_inode(served, number))));
  for (uint64_t i = 0; i < skip; ++i)
    if (!TRY(listing.next())) break;
  return listing;
}

// Fills one reply with entries from `offset` on; `add` writes one behind what is there and gives the space it
// takes, also where that is not left.
template <class Add>
void reply_entries(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, Add&& add) {
  answer(request, [&](const Served& served) -> Result<void> {
    auto listing = TRY(listing_from(served, number, static_cast<uint64_t>(offset)));
    if (offset == 0) served.log.listed(number);
    std::vector<char> reply(size);
    size_t used = 0;
    for (;; ++offset) {
      auto place = listing.place();
      auto entry = TRY(listing.next());
      size_t needed = entry ? TRY(add(served, *entry, std::span(reply).subspan(used), offset + 1)) : 0;
      if (!entry || needed > size - used) {
        served.places.keep(number, static_cast<uint64_t>(offset), place);
        break;
      }
      used += needed;
    }
    fuse_reply_buf(request, reply.data(), used);
    return ok();
  });
}

void read_directory(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, fuse_file_info*) {
  reply_entries(request, number, size, offset,
                [&](const Served& served, const SquashReader::Entry& entry, std::span<char> space,
                    off_t next) -> Result<size_t> {
                  struct stat info {};
                  info.st_ino = number_of(served, entry.reference);
                  info.st_mode = type_bits(entry.kind);
                  return fuse_add_direntry(request, space.data(), space.size(), entry.name.c_str(), &info,
                                           next);
                });
}

void read_directory_plus(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, fuse_file_info*) {
  reply_entries(request, number, size, offset,
                [&](const Served& served, const SquashReader::Entry& entry, std::span<char> space,
                    off_t next) -> Result<size_t> {
                  served.log.shown(number, entry.name, number_of(served, entry.reference));
                  auto inode = TRY(served.image.inode(entry.reference));
                  auto plus = entry_of(served, *inode);
                  // Without a number the kernel shows the name, and asks when somebody wants to go there.
                  if (S_ISDIR(plus.attr.st_mode) && !served.names.is_only(plus.ino, number, entry.name))
                    plus.ino = 0;
                  return fuse_add_direntry_plus(request, space.data(), space.size(), entry.name.c_str(),
                                                &plus, next);
                });
}

void describe_file_system(fuse_req_t request, fuse_ino_t) {
  answer(request, [&](const Served& served) -> Result<void> {
    struct statvfs info {};
    const auto& image = served.image.info();
    info.f_bsize = info.f_frsize = image.block_size;
    info.f_blocks = (image.bytes + image.block_size - 1) / image.block_size;
    info.f_files = image.inodes;
    info.f_namemax = 256;
    info.f_flag = ST_RDONLY;
    fuse_reply_statfs(request, &info);
    return ok();
  });
}

// The usual two-step: size 0 asks how much there is, otherwise ERANGE where it does not fit.
void reply_sized(fuse_req_t request, const std::string& value, size_t size) {
  if (size == 0)
    fuse_reply_xattr(request, value.size());
  else if (value.size() > size)
    fuse_reply_err(request, ERANGE);
  else
    fuse_reply_buf(request, value.data(), value.size());
}

bool visible(std::string_view attribute) {
  return attribute.starts_with("user.") && !attribute.starts_with(overlay_prefix);
}

void get_extended(fuse_req_t request, fuse_ino_t number, const char* name, size_t size) {
  answer(request, [&](const Served& served) -> Result<void> {
    if (!served.image.info().attributes) return sys_error("extended attributes", ENOSYS);
    if (!visible(name)) return sys_error(name, ENODATA);
    for (const auto& [key, value] : TRY(served.image.attributes(*TRY(find_inode(served, number)))))
      if (key == name) return reply_sized(request, value, size), ok();
    return sys_error(name, ENODATA);
  });
}

void list_extended(fuse_req_t request, fuse_ino_t number, size_t size) {
  answer(request, [&](const Served& served) -> Result<void> {
    if (!served.image.info().attributes) return sys_error("extended attributes", ENOSYS);
    std::string names;
    for (const auto& [key, value] : TRY(served.image.attributes(*TRY(find_inode(served, number)))))
      if (visible(key)) names += key + '\0';
    reply_sized(request, names, size);
    return ok();
  });
}

void initialise(void*, fuse_conn_info* connection) {
  connection->want |= connection->capable & (FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_PARALLEL_DIROPS |
                                             FUSE_CAP_ASYNC_READ | FUSE_CAP_READDIRPLUS);
  // Answers are copied from memory: a pipe in between only costs.
  connection->want &=
      ~static_cast<unsigned>(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
}

fuse_lowlevel_ops operations() {
  fuse_lowlevel_ops ops{};
  ops.init = initialise;
  ops.lookup = look_up;
  ops.getattr = get_attributes;
  ops.readlink = read_link;
  ops.open = open_nothing;
  ops.opendir = open_nothing;
  ops.read = read_file;
  ops.readdir = read_directory;
  ops.readdirplus = read_directory_plus;
  ops.statfs = describe_file_system;
  ops.getxattr = get_extended;
  ops.listxattr = list_extended;
  return ops;
}

struct EndSession {
  void operator()(fuse_session* session) const { fuse_session_destroy(session); }
};
struct FreeConfig {
  void operator()(fuse_loop_config* config) const { fuse_loop_cfg_destroy(config); }
};

// Until it is unmounted.
Result<void> answer_requests(fuse_session* session, fuse_loop_config* loop) {
  int code = fuse_session_loop_mt(session, loop);
  // No thread could be started, or one had no memory for its buffer: then this one is left.
  if (code != 0) code = fuse_session_loop(session);
  if (code != 0) return sys_error("answer the kernel's requests", code < 0 ? -code : code);
  return ok();
}

}  // namespace

Result<void> serve_image(const SquashReader& image, Fd device, const ServeOptions& options, ReadLog& log,
                         ReadAheadPlan plan) {
  Served shared{image, options, log};
  std::string program = "pyxis";
  std::array<char*, 2> words = {program.data(), nullptr};
  fuse_args arguments = FUSE_ARGS_INIT(1, words.data());
  auto ops = operations();
  std::unique_ptr<fuse_session, EndSession> session(fuse_session_new(&arguments, &ops, sizeof ops, &shared));
  if (!session) return fail("FUSE: no session");
  // libfuse's way of saying that it is mounted already; the descriptor is its own from here on.
  auto mounted = "/dev/fd/" + std::to_string(device.get());
  if (fuse_session_mount(session.get(), mounted.c_str()) != 0)
    return fail("FUSE: the device is not accepted");
  device.release();
  std::unique_ptr<fuse_loop_config, FreeConfig> loop(fuse_loop_cfg_create());
  fuse_loop_cfg_set_clone_fd(loop.get(), 1);
  fuse_loop_cfg_set_max_threads(loop.get(), options.threads);
  fuse_loop_cfg_set_idle_threads(loop.get(), options.threads);
  std::optional<ReadAhead> ahead;  // the last: its threads use all others
  if (plan.top && !plan.list.items.empty())
    ahead.emplace(std::move(plan), image, session.get(), log,
                  std::clamp(options.threads, 1u, max_ahead_threads));
  plan.top.reset();
  auto served_out = answer_requests(session.get(), loop.get());
  if (!served_out.ok()) options.give_up(served_out.error());
  return served_out;
}

}  // namespace pyxis
