#include "layer/decompress.h"

#include <zlib.h>
#include <zstd.h>

#include <random>

#include "layer_fixture.h"

namespace pyxis {
namespace {

using testing::bytes_of;
using ::testing::HasSubstr;

// A source that gives at most `step` bytes a time.
class TrickleSource : public ByteSource {
 public:
  TrickleSource(const std::string& data, size_t step) : memory_(bytes_of(data)), step_(step) {}
  Result<size_t> read(std::span<std::byte> buffer) override {
    return memory_.read(buffer.first(std::min(step_, buffer.size())));
  }

 private:
  MemorySource memory_;
  size_t step_;
};

std::string gzip(const std::string& data, const std::string& extra = "") {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string name = "a name";
  auto extra_bytes = extra;
  gz_header header{};
  header.name = reinterpret_cast<Bytef*>(name.data());
  header.extra = extra.empty() ? nullptr : reinterpret_cast<Bytef*>(extra_bytes.data());
  header.extra_len = static_cast<uInt>(extra.size());
  header.hcrc = 1;
  deflateSetHeader(&stream, &header);
  std::string out(deflateBound(&stream, data.size()) + extra.size() + 1024, '\0');
  auto input = data;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& data, int window_log = 0) {
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  if (window_log) {
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  }
  std::string out(ZSTD_compressBound(data.size()) + 64, '\0');
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  ZSTD_outBuffer buffer{out.data(), out.size(), 0};
  // Streamed, so that the frame needs the window it declares.
  while (ZSTD_compressStream2(context.get(), &buffer, &in, ZSTD_e_continue) > 0 && in.pos < in.size) {
  }
  EXPECT_EQ(ZSTD_compressStream2(context.get(), &buffer, &in, ZSTD_e_end), 0u);
  out.resize(buffer.pos);
  return out;
}

// A tar as long as asked, with content that neither compresses away nor not at all.
std::string sample_tar(size_t size) {
  std::mt19937 random(7);
  std::string content(size, '\0');
  for (auto& c : content) c = static_cast<char>('a' + random() % 8);
  return testing::TarBuilder().file("f", content).finish();
}

Result<std::string> decompress(ByteSource& source) {
  auto decompressor = TRY(make_decompressor(source));
  std::string out;
  std::vector<std::byte> buffer(50'000);
  for (;;) {
    size_t got = TRY(decompressor->read(buffer));
    if (got == 0) return out;
    out.append(reinterpret_cast<char*>(buffer.data()), got);
  }
}

Result<std::string> decompress(const std::string& data) {
  MemorySource source(bytes_of(data));
  return decompress(source);
}

void gives(const std::string& data, const std::string& expected) {
  auto out = decompress(data);
  ASSERT_TRUE(out.ok()) << out.error().text();
  EXPECT_TRUE(*out == expected) << out->size() << " bytes for " << expected.size();
}

void fails(const std::string& data, const std::string& message) {
  auto out = decompress(data);
  ASSERT_FALSE(out.ok());
  EXPECT_THAT(out.error().text(), HasSubstr(message));
}

TEST(Decompress, RecognisesByMagicBytes) {
  auto tar = sample_tar(3'000'000);
  gives(tar, tar);
  gives(gzip(tar), tar);
  gives(zstd(tar), tar);
}

TEST(Decompress, AcceptsOldTarsWithoutMagicAndEmptyArchives) {
  auto old = sample_tar(10);
  auto sum = [&](size_t i) { return static_cast<unsigned char>(old[i]); };
  unsigned total = 0;
  for (size_t i = 257; i < 265; ++i) old[i] = '\0';
  for (size_t i = 0; i < 512; ++i) total += i >= 148 && i < 156 ? ' ' : sum(i);
  std::snprintf(old.data() + 148, 7, "%06o", total);
  gives(old, old);
  std::string zeros(1024, '\0');
  gives(zeros, zeros);
  gives("", "");
}

TEST(Decompress, AnySplitOfTheInputGivesTheSame) {
  auto tar = sample_tar(20'000);
  for (const auto& data : {gzip(tar) + gzip("second") + std::string(700, '\0'),
                           zstd(tar) + zstd("second") + std::string(9, '\0')})
    for (size_t step : {1, 2, 3, 7, 511, 4096}) {
      TrickleSource source(data, step);
      auto out = decompress(source);
      ASSERT_TRUE(out.ok()) << out.error().text() << ", in steps of " << step;
      EXPECT_TRUE(*out == tar + "second") << step;
    }
}

TEST(Decompress, GzipMembersFollowOneAnother) {
  auto tar = sample_tar(400'000);
  std::string members;
  for (size_t i = 0; i < tar.size(); i += 5'000) members += gzip(tar.substr(i, 5'000), "extra field");
  gives(members, tar);
  gives(members + gzip(""), tar);
}

TEST(Decompress, ZstdFramesAndSkippableFramesFollowOneAnother) {
  auto tar = sample_tar(100'000);
  std::string skippable("\x53\x2a\x4d\x18\x04\0\0\0abcd", 12);
  gives(skippable + zstd(tar.substr(0, 5'000)) + skippable + zstd(tar.substr(5'000)) + skippable, tar);
}

TEST(Decompress, ZerosAfterTheEndArePadding) {
  auto tar = sample_tar(5'000);
  gives(gzip(tar) + std::string(300'000, '\0'), tar);
  gives(zstd(tar) + std::string(300'000, '\0'), tar);
}

TEST(Decompress, OtherBytesAfterTheEndAreRefused) {
  fails(gzip(sample_tar(10)) + "garbage", "gzip: ");
  fails(gzip(sample_tar(10)) + std::string(20, '\0') + "garbage", "unknown bytes after the end");
  fails(zstd(sample_tar(10)) + "garbage", "zstd: ");
}

TEST(Decompress, ATruncatedStreamIsAnErrorWhereverItIsCut) {
  auto tar = sample_tar(3'000);
  for (const auto& data : {gzip(tar), zstd(tar)})
    for (size_t size = 4; size < data.size(); size += size < 40 || size + 20 > data.size() ? 1 : 97)
      EXPECT_FALSE(decompress(data.substr(0, size)).ok()) << size << " of " << data.size();
  fails(gzip(tar).substr(0, 900), "gzip: the stream ends in the middle");
  fails(zstd(tar).substr(0, 900), "zstd: the stream ends in the middle");
}

TEST(Decompress, ADamagedStreamIsAnError) {
  auto gz = gzip(sample_tar(3'000));
  gz[gz.size() - 6] = static_cast<char>(gz[gz.size() - 6] ^ 1);  // the checksum
  fails(gz, "gzip: ");
  auto zst = zstd(sample_tar(3'000));
  zst.back() = static_cast<char>(zst.back() ^ 1);
  fails(zst, "zstd: ");
}

TEST(Decompress, ZstdWindowsAreBounded) {
  auto tar = sample_tar(1'000'000);
  gives(zstd(tar, 27), tar);
  fails(zstd(tar, 28), "zstd: ");
}

TEST(Decompress, OtherCompressionsAreNamed) {
  fails(std::string("\xfd"
                    "7zXZ\0\0\0",
                    8) +
            std::string(600, 'x'),
        "unsupported compression xz; supported are tar, tar+gzip");
  fails("BZh91AY&SY", "bzip2");
  fails("\x04\x22\x4d\x18....", "lz4");
  fails("<html><body>Proxy error</body></html>", "it begins with \"<html><body>Prox\"");
}

TEST(Decompress, TheSourcesErrorComesThrough) {
  BytePipe pipe(4096);
  auto data = gzip(sample_tar(1'000)).substr(0, 600);
  ASSERT_TRUE(pipe.write(bytes_of(data)).ok());
  pipe.finish(fail("connection reset by the registry"));
  PipeSource source(pipe);
  auto out = decompress(source);
  ASSERT_FALSE(out.ok());
  EXPECT_THAT(out.error().text(), HasSubstr("connection reset by the registry"));
}

}  // namespace
}  // namespace pyxis
