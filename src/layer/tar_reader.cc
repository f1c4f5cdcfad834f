#include "layer/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>

#include "base/text.h"

namespace pyxis {
namespace {

constexpr size_t stream_buffer_size = 256 << 10;
constexpr size_t header_limit =
    4 << 20;  // maps of sparse files and chains of extended headers are kept in memory

// The "C" locale for this thread while libarchive works. libarchive translates pax names from UTF-8 into the
// locale's character set; in a UTF-8 locale that composes decomposed characters. In the "C" locale the
// translation of anything but ASCII fails, with a warning, and libarchive then gives the bytes as they are.
class PlainLocale {
 public:
  PlainLocale() : locale_(::newlocale(LC_ALL_MASK, "C", nullptr)), before_(::uselocale(locale_)) {}
  ~PlainLocale() {
    ::uselocale(before_);
    ::freelocale(locale_);
  }
  PlainLocale(const PlainLocale&) = delete;
  PlainLocale& operator=(const PlainLocale&) = delete;

 private:
  locale_t locale_, before_;
};

TarEntry::Kind kind_of(archive_entry* entry) {
  if (::archive_entry_hardlink(entry)) return TarEntry::Kind::hard_link;
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      return TarEntry::Kind::file;
    case AE_IFDIR:
      return TarEntry::Kind::directory;
    case AE_IFLNK:
      return TarEntry::Kind::symlink;
    case AE_IFIFO:
      return TarEntry::Kind::fifo;
    default:
      return TarEntry::Kind::other;
  }
}

std::string text_or_empty(const char* text) {
  return text ? text : "";
}

}  // namespace

struct TarReader::State {
  ByteSource& stream;
  PlainLocale locale;
  std::unique_ptr<archive, int (*)(archive*)> reader{::archive_read_new(), ::archive_read_free};
  std::vector<std::byte> buffer = std::vector<std::byte>(stream_buffer_size);
  std::optional<Error> failure;  // of the stream or of opening; libarchive may pass over it, we do not
  uint64_t file_size = 0;
  bool in_headers = false, in_entry = false;
  size_t header_bytes = 0;

  explicit State(ByteSource& source) : stream(source) { open(); }

  void open();
  Error error();
  static la_ssize_t read(archive*, void* self, const void** data);
};

// Whole buffers, so that few entries straddle two of them (a straddling file costs a second write).
la_ssize_t TarReader::State::read(archive*, void* self, const void** data) {
  auto& state = *static_cast<State*>(self);
  auto got = read_fully(state.stream, state.buffer);
  if (!got.ok()) {
    state.failure = std::move(got).error();
    return -1;
  }
  state.header_bytes += *got;
  if (state.in_headers && state.header_bytes > header_limit) {
    state.failure = fail("tar: the headers of one entry are larger than 4 MiB");
    return -1;
  }
  *data = state.buffer.data();
  return static_cast<la_ssize_t>(*got);
}

void TarReader::State::open() {
  ::archive_read_support_format_tar(reader.get());
  ::archive_read_support_format_empty(reader.get());
  if (::archive_read_open(reader.get(), this, nullptr, read, nullptr) != ARCHIVE_OK) failure = error();
}

Error TarReader::State::error() {
  if (failure) return *failure;
  const char* why = ::archive_error_string(reader.get());
  return fail("tar: " + printable(why ? why : "damaged archive"));
}

TarReader::TarReader(ByteSource& stream) : state_(std::make_unique<State>(stream)) {}
TarReader::~TarReader() = default;

Result<bool> TarReader::next(TarEntry& entry) {
  if (state_->failure) return *state_->failure;
  archive_entry* raw = nullptr;
  if (state_->in_entry && ::archive_read_data_skip(state_->reader.get()) < ARCHIVE_WARN)
    return state_->error();
  state_->in_entry = false;
  state_->in_headers = true;
  state_->header_bytes = 0;
  int code = ::archive_read_next_header(state_->reader.get(), &raw);
  state_->in_headers = false;
  if (state_->failure) return *state_->failure;
  if (code == ARCHIVE_EOF) return false;
  if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
    return state_->error();                                    // a warning is about what we do not use
  if (!::archive_entry_pathname(raw)) return state_->error();  // also where it gave up on a chain of headers
  state_->in_entry = true;
  entry.kind = kind_of(raw);
  entry.name = ::archive_entry_pathname(raw);
  entry.target.clear();
  if (entry.kind == TarEntry::Kind::hard_link) entry.target = text_or_empty(::archive_entry_hardlink(raw));
  if (entry.kind == TarEntry::Kind::symlink) {
    // libarchive 3.6 loses the target of a link whose ustar header has none beside the extended header's.
    if (!::archive_entry_symlink(raw))
      return fail("tar: " + printable(entry.name) + ": a symbolic link without target");
    entry.target = ::archive_entry_symlink(raw);
  }
  entry.mode = ::archive_entry_perm(raw) & 07777;
  entry.mtime = {::archive_entry_mtime(raw), std::clamp(::archive_entry_mtime_nsec(raw), 0L, 999'999'999L)};
  entry.size = static_cast<uint64_t>(std::max<la_int64_t>(::archive_entry_size(raw), 0));
  state_->file_size = entry.size;
  entry.xattrs.clear();
  ::archive_entry_xattr_reset(raw);
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  while (::archive_entry_xattr_next(raw, &name, &value, &size) == ARCHIVE_OK)
    if (name) entry.xattrs.emplace_back(name, std::string(static_cast<const char*>(value), size));
  return true;
}

Result<std::optional<TarReader::Block>> TarReader::next_block() {
  const void* data = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  int code = ::archive_read_data_block(state_->reader.get(), &data, &size, &offset);
  if (state_->failure) return *state_->failure;
  if (code == ARCHIVE_EOF) return std::optional<Block>();
  if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return state_->error();
  Block block{static_cast<uint64_t>(offset), {static_cast<const std::byte*>(data), size}};
  if (offset < 0 || block.offset > state_->file_size || size > state_->file_size - block.offset)
    return fail("tar: content beyond the end of the file");
  return std::optional<Block>(block);
}

}  // namespace pyxis
