#include "importer/archive.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/text.h"
#include "image/manifest.h"
#include "importer/layer_import.h"
#include "layer/decompress.h"
#include "layer/tar_reader.h"
#include "store/layers.h"

namespace pyxis {
namespace {

constexpr size_t max_document = std::max(max_manifest_bytes, max_config_bytes);
constexpr size_t max_documents = 64u << 20, max_members = 100'000;

// "./a//b/../c" as "a/c"; what leads out of the archive has no path in it.
std::string normal_path(const std::string& text) {
  std::vector<std::string> parts;
  for (auto& part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(std::move(part));
    else if (parts.empty())
      return {};
    else
      parts.pop_back();
  }
  return join(parts, "/");
}

std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

// The content of the archive's current file: holes are zeros.
class MemberSource : public ByteSource {
 public:
  MemberSource(TarReader& reader, uint64_t size) : reader_(reader), size_(size) {}

  Result<size_t> read(std::span<std::byte> buffer) override {
    if (block_.data.empty() && !ended_) {
      auto block = TRY(reader_.next_block());
      ended_ = !block;
      block_ = block ? *block : TarReader::Block{size_, {}};
    }
    size_t count = 0;
    if (at_ < block_.offset) {
      count = std::min<uint64_t>(buffer.size(), block_.offset - at_);
      std::fill_n(buffer.begin(), count, std::byte{});
    } else {
      count = std::min(buffer.size(), block_.data.size());
      std::copy_n(block_.data.begin(), count, buffer.begin());
      block_.data = block_.data.subspan(count);
      block_.offset += count;
    }
    at_ += count;
    return count;
  }

 private:
  TarReader& reader_;
  uint64_t size_, at_ = 0;
  TarReader::Block block_;
  bool ended_ = false;
};

class HashingSource : public ByteSource {
 public:
  explicit HashingSource(ByteSource& source) : source_(source) {}
  Result<size_t> read(std::span<std::byte> buffer) override {
    size_t got = TRY(source_.read(buffer));
    hasher_.update(buffer.first(got));
    size_ += got;
    return got;
  }
  Result<void> drain() {
    std::vector<std::byte> buffer(64u << 10);
    while (TRY(read(buffer)) > 0) {
    }
    return ok();
  }
  Digest finish() { return hasher_.finish(); }
  uint64_t size() const { return size_; }

 private:
  ByteSource& source_;
  Hasher hasher_;
  uint64_t size_ = 0;
};

// JSON and no tar: at 257 a tar has its magic (POSIX.1-2017, pax, "ustar Interchange Format").
bool is_document(std::string_view bytes) {
  constexpr size_t magic_at = 257;
  constexpr std::string_view magic = "ustar";
  auto text = trim(bytes.substr(0, 64));
  bool tar = bytes.size() > magic_at + magic.size() && bytes.substr(magic_at, magic.size()) == magic;
  return !tar && !text.empty() && (text.front() == '{' || text.front() == '[');
}

bool of_the_disk(const Error& error) {
  return error.code == ENOSPC || error.code == EDQUOT || error.code == ECANCELED;
}

}  // namespace

// One pass over the archive.
class Archive::Pass {
 public:
  Pass(Archive& archive, TarReader& reader) : archive_(archive), reader_(reader) {}

  Result<void> run() {
    while (TRY(reader_.next(entry_))) {
      auto name = normal_path(entry_.name);
      if (archive_.members_.size() + archive_.links_.size() >= max_members)
        return fail("it has more than " + std::to_string(max_members) + " members");
      if (entry_.kind == TarEntry::Kind::symlink)
        archive_.links_[name] = normal_path(directory_of(name) + "/" + entry_.target);
      else if (entry_.kind == TarEntry::Kind::hard_link)
        archive_.links_[name] = normal_path(entry_.target);
      else if (entry_.kind == TarEntry::Kind::file)
        archive_.members_[name] = TRY_CONTEXT(take_file(), printable(name.substr(0, 200)));
    }
    return ok();
  }

 private:
  Result<Member> take_file() {
    MemberSource content(reader_, entry_.size);
    if (entry_.size > max_document) return take_layer(content);
    std::string bytes(entry_.size, '\0');
    size_t got = TRY(read_fully(content, std::as_writable_bytes(std::span(bytes))));
    bytes.resize(got);
    if (!is_document(bytes)) {
      MemorySource memory(std::as_bytes(std::span(bytes)));
      return take_layer(memory);
    }
    document_bytes_ += bytes.size();
    if (document_bytes_ > max_documents)
      return fail("its documents are of more than " + human_bytes(max_documents));
    Member member{Digest::of(bytes), bytes.size()};
    archive_.documents_.insert_or_assign(member.digest, std::move(bytes));
    return member;
  }

  Result<Member> take_layer(ByteSource& content) {
    HashingSource hashing(content);
    auto staging = TRY(archive_.store_->stage());
    auto directory = TRY(make_directory_at(staging.fd(), "fs", 0755));
    auto facts = unpack_layer(hashing, directory.get(), {layer_form(*archive_.store_), {}});
    if (!facts.ok() && of_the_disk(facts.error())) return std::move(facts).error();
    TRY(hashing.drain());
    Member member{hashing.finish(), hashing.size()};
    if (facts.ok())
      archive_.layers_.try_emplace(member.digest,
                                   UnpackedLayer{std::move(staging), std::move(*facts), member.size});
    else
      archive_.layers_.try_emplace(member.digest, std::move(facts).error());
    return member;
  }

  Archive& archive_;
  TarReader& reader_;
  TarEntry entry_;
  size_t document_bytes_ = 0;
};

Result<Archive> Archive::read(ByteSource& input, const Store& store) {
  Archive archive(store);
  auto tar = TRY(make_decompressor(input));
  TarReader reader(*tar);
  TRY(Pass(archive, reader).run());
  // To the end of what may be a pipe, whose writer would fail otherwise.
  std::vector<std::byte> rest(64u << 10);
  while (TRY(tar->read(rest)) > 0) {
  }
  return archive;
}

std::optional<Archive::Member> Archive::find(const std::string& path) const {
  auto name = normal_path(path);
  constexpr int most_links = 8;
  for (int followed = 0; followed <= most_links; ++followed) {
    if (auto member = members_.find(name); member != members_.end()) return member->second;
    auto link = links_.find(name);
    if (link == links_.end()) break;
    name = link->second;
  }
  return std::nullopt;
}

const std::string* Archive::document(const Digest& digest) const {
  auto found = documents_.find(digest);
  return found == documents_.end() ? nullptr : &found->second;
}

Result<void> Archive::publish_layer(const Digest& digest) {
  auto lock = TRY(lock_layer(*store_, digest));
  if (TRY(layer_present(*store_, digest))) return ok();
  auto found = layers_.find(digest);
  if (found == layers_.end()) return fail("layer " + digest.text() + " is not in the archive");
  if (auto* error = std::get_if<Error>(&found->second))
    return Error(*error).context("layer " + digest.text());
  auto& layer = std::get<UnpackedLayer>(found->second);
  auto published =
      pyxis::publish_layer(*store_, digest, std::move(layer.staging), layer_meta(layer.size, layer.facts));
  layers_.erase(found);
  return published;
}

}  // namespace pyxis
