#include "squash/metadata.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "contract/bundle.h"
#include "squash/decompressor.h"
#include "squash/sif.h"

namespace pyxis::squash {

Result<void> File::find_image() {
  std::array<char, BundleTrailer::bytes> last;
  auto whole = TRY(bytes());
  if (whole < last.size()) return ok();
  std::array<char, BundleTrailer::program_magic.size()> first;
  TRY(read(0, first));
  if (std::string_view(first.data(), first.size()) != BundleTrailer::program_magic) return find_in_sif();
  TRY(read(whole - last.size(), last));
  if (auto trailer = BundleTrailer::decode({last.data(), last.size()}, whole)) {
    begin_ = trailer->image_offset;
    bytes_ = trailer->image_bytes;
  }
  return find_in_sif();
}

Result<void> File::find_in_sif() {
  std::array<char, sif_header_bytes> header;
  auto whole = TRY(bytes());
  if (whole < header.size()) return ok();
  TRY(read(0, header));
  std::string_view text(header.data(), header.size());
  if (!is_sif(text)) return ok();
  auto read_at = [this](uint64_t offset, std::span<char> out) { return read(offset, out); };
  auto partition = find_sif_partition(text, whole, read_at);
  if (!partition.ok()) {
    auto error = std::move(partition).error();
    error.message.insert(0, "image file " + name_ + " ");
    return error;
  }
  begin_ += partition->offset;
  bytes_ = partition->bytes;
  return ok();
}

Result<uint64_t> File::bytes() const {
  if (bytes_) return *bytes_;
  struct stat info;
  if (::fstat(file_.get(), &info) != 0) return sys_error("image file " + name_);
  return static_cast<uint64_t>(info.st_size);
}

Result<void> File::read(uint64_t offset, std::span<char> out) const {
  while (!out.empty()) {
    ssize_t got = ::pread(file_.get(), out.data(), out.size(), static_cast<off_t>(begin_ + offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return sys_error("image file " + name_);
    if (got == 0) return damaged("it ends too early");
    offset += static_cast<uint64_t>(got);
    out = out.subspan(static_cast<size_t>(got));
  }
  return ok();
}

Error File::damaged(const std::string& what) const {
  return Error{"image file " + name_ + " is damaged: " + what, "copy it anew, or make it again", EIO};
}

Result<std::shared_ptr<const MetadataBlock>> Metadata::block(uint64_t offset) const {
  return blocks_.get(offset, [&](size_t& cost) -> Result<std::shared_ptr<const MetadataBlock>> {
    std::array<char, sizeof(uint16_t)> header;
    if (offset > file_.size || file_.size - offset < header.size())
      return file_.damaged("metadata beyond its end");
    TRY(file_.read(offset, header));
    auto word = load<uint16_t>(header.data());
    size_t stored = word & (metadata_uncompressed - 1u);
    offset += header.size();
    if (stored == 0 || stored > metadata_block_bytes || stored > file_.size - offset)
      return file_.damaged("a metadata block of " + std::to_string(stored) + " bytes");
    auto block = std::make_shared<MetadataBlock>();
    block->next = offset + stored;
    block->data.resize(stored);
    TRY(file_.read(offset, block->data));
    if ((word & metadata_uncompressed) == 0) {
      std::vector<char> decoded(metadata_block_bytes);
      auto length = decompress(file_.compressor, block->data, decoded);
      if (!length.ok()) return file_.damaged(length.error().message);
      decoded.resize(*length);
      decoded.shrink_to_fit();
      block->data = std::move(decoded);
    }
    cost = block->data.size() + sizeof *block;
    return std::shared_ptr<const MetadataBlock>(std::move(block));
  });
}

Result<MetadataCursor> MetadataCursor::at(const Metadata& metadata, uint64_t block, uint32_t offset) {
  MetadataCursor cursor(metadata);
  cursor.block_ = TRY(metadata.block(block));
  if (offset > cursor.block_->data.size())
    return metadata.file().damaged("a reference beyond a metadata block");
  cursor.at_ = block;
  cursor.offset_ = offset;
  return cursor;
}

Result<void> MetadataCursor::read(std::span<char> out) {
  while (!out.empty()) {
    if (offset_ == block_->data.size()) {
      auto next = block_->next;
      block_ = TRY(metadata_->block(next));
      at_ = next;
      offset_ = 0;
      if (block_->data.empty()) return metadata_->file().damaged("an empty metadata block");
    }
    size_t count = std::min(out.size(), block_->data.size() - offset_);
    std::memcpy(out.data(), block_->data.data() + offset_, count);
    offset_ += count;
    out = out.subspan(count);
  }
  return ok();
}

Result<std::string> MetadataCursor::text(size_t length) {
  std::string value(length, '\0');
  TRY(read(value));
  return value;
}

}  // namespace pyxis::squash
