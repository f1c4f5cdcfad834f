#include "layer/unpack.h"

#include <unistd.h>

#include "base/text.h"
#include "layer/decompress.h"
#include "base/disk_full.h"
#include "layer/entry_path.h"
#include "layer/tar_reader.h"
#include "layer/tree_writer.h"

namespace pyxis {
namespace {

// Counts the decompressed stream and stops one that never ends.
class CountedSource : public ByteSource {
 public:
  CountedSource(ByteSource& source, uint64_t limit) : source_(source), limit_(limit) {}
  Result<size_t> read(std::span<std::byte> buffer) override {
    size_t got = TRY(source_.read(buffer));
    count_ += got;
    if (count_ > limit_) return fail("the layer unpacks to more than " + human_bytes(limit_));
    return got;
  }
  uint64_t count() const { return count_; }

 private:
  ByteSource& source_;
  uint64_t limit_, count_ = 0;
};

// A name from the archive as errors show it: only its beginning, if it is long.
std::string shown(std::string_view name) {
  constexpr size_t most = 200;
  return printable(name.substr(0, most)) + (name.size() > most ? "..." : "");
}

class Unpacker {
 public:
  Unpacker(ByteSource& tar, TreeWriter& tree, LayerFacts& facts, const UnpackLimits& limits)
      : reader_(tar), tree_(tree), facts_(facts), limits_(limits) {}

  Result<void> run() {
    for (uint64_t count = 0; TRY(reader_.next(entry_)); ++count) {
      if (count >= limits_.entries) return fail("more than " + std::to_string(limits_.entries) + " entries");
      TRY_CONTEXT(add_entry(), shown(entry_.name));
    }
    TRY(link_late());
    return tree_.finish();
  }

 private:
  Result<void> add_entry() {
    auto path = TRY(parse_entry_path(entry_.name, limits_.depth));
    switch (path.kind) {
      case EntryPath::Kind::ordinary:
        return path.is_root() ? add_root(path) : add_ordinary(path);
      case EntryPath::Kind::whiteout:
        return tree_.add_whiteout(path, entry_);
      case EntryPath::Kind::opaque:
        return tree_.add_opaque(path, entry_);
      case EntryPath::Kind::ignored:
        break;
    }
    return ok();
  }

  Result<void> add_root(const EntryPath& path) {
    if (entry_.kind != TarEntry::Kind::directory) return fail("would replace the root");
    return tree_.add_directory(path, entry_);
  }

  Result<void> add_ordinary(const EntryPath& path) {
    switch (entry_.kind) {
      case TarEntry::Kind::file:
        return add_file(path);
      case TarEntry::Kind::directory:
        return tree_.add_directory(path, entry_);
      case TarEntry::Kind::symlink:
        return tree_.add_symlink(path, entry_);
      case TarEntry::Kind::hard_link:
        return add_hard_link(path);
      case TarEntry::Kind::fifo:
        return tree_.add_fifo(path, entry_);
      case TarEntry::Kind::other:
        break;
    }
    ++facts_.skipped;
    return ok();
  }

  Result<void> add_file(const EntryPath& path) {
    auto file = TRY(tree_.create_file(path, entry_));
    uint64_t end = 0;
    while (auto block = TRY(reader_.next_block())) {
      TRY(write_block(file.get(), *block));
      end = block->offset + block->data.size();
    }
    // A hole at the end has no block.
    if (end < entry_.size && ::ftruncate(file.get(), static_cast<off_t>(entry_.size)) != 0)
      return sys_error("truncate");
    return tree_.close_file(std::move(file), entry_);
  }

  Result<void> write_block(int file, const TarReader::Block& block) {
    for (size_t done = 0; done < block.data.size();) {
      auto rest = block.data.subspan(done);
      ssize_t put = ::pwrite(file, rest.data(), rest.size(), static_cast<off_t>(block.offset + done));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return sys_error("write");
      done += static_cast<size_t>(put);
    }
    facts_.bytes += block.data.size();
    return ok();
  }

  Result<EntryPath> parse_target(std::string_view name) {
    auto target = parse_entry_path(name, limits_.depth);
    if (target.ok() && target->is_root()) target = fail("is the root");
    if (target.ok() && target->kind != EntryPath::Kind::ordinary) target = fail("is a whiteout");
    if (!target.ok()) return std::move(target).error().context("hard link target " + shown(name));
    return target;
  }

  Result<void> add_hard_link(const EntryPath& path) {
    auto target = TRY(parse_target(entry_.target));
    if (TRY(tree_.add_hard_link(path, target, entry_))) return ok();
    external_link_bytes_ += sizeof(ExternalLink) + entry_.name.size() + entry_.target.size();
    if (external_link_bytes_ > limits_.external_link_bytes)
      return fail("too many hard links to files the layer lacks");
    facts_.external_links.push_back({path.text(), target.text()});
    return ok();
  }

  // A link may stand before its target; one whose path a later entry took has lost it.
  Result<void> link_late() {
    std::vector<ExternalLink> external;
    for (auto& link : facts_.external_links) {
      auto path = TRY(parse_entry_path(link.path, limits_.depth));
      auto target = TRY(parse_entry_path(link.target, limits_.depth));
      if (TRY(tree_.present(path))) continue;
      if (!TRY_CONTEXT(tree_.present(target), shown(link.path))) {
        external.push_back(std::move(link));
      } else {
        TRY_CONTEXT(tree_.add_hard_link(path, target, entry_), shown(link.path));
      }
    }
    facts_.external_links = std::move(external);
    return ok();
  }

  TarReader reader_;
  TreeWriter& tree_;
  LayerFacts& facts_;
  const UnpackLimits& limits_;
  TarEntry entry_;
  size_t external_link_bytes_ = 0;
};

Result<void> drain(ByteSource& source) {
  std::vector<std::byte> buffer(128 << 10);
  while (TRY(source.read(buffer)) > 0) {
  }
  return ok();
}

Result<LayerFacts> unpack(ByteSource& source, int destination, const UnpackOptions& options) {
  LayerFacts facts;
  auto decompressed = TRY(make_decompressor(source));
  CountedSource tar(*decompressed, options.limits.bytes);
  auto tree = TRY(TreeWriter::open(destination, options.form, facts));
  TRY(Unpacker(tar, tree, facts, options.limits).run());
  TRY(drain(tar));
  // A decompressor stops where its format does; a hash wants the last byte too.
  TRY(drain(source));
  facts.stream_bytes = tar.count();
  return facts;
}

}  // namespace

Result<LayerFacts> unpack_layer(ByteSource& source, int destination, const UnpackOptions& options) {
  auto facts = unpack(source, destination, options);
  if (facts.ok()) return facts;
  return explain_full_disk(std::move(facts).error(), destination).context("unpack layer");
}

}  // namespace pyxis
