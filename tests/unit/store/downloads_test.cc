// Image files that came from an address.
#include "store/downloads.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_fixture.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::text_of;

const std::string one = "https://h.example/one.sqsh", other = "https://h.example/other.sqsh";

class DownloadsTest : public testing::StoreTest {
 protected:
  std::string publish(const std::string& url, const std::string& content, const std::string& etag = "tag") {
    auto staging = stage();
    EXPECT_EQ(text_of(write_file(staging.fd(), "image", content)), "");
    Download facts;
    facts.url = url;
    facts.etag = etag;
    facts.bytes = content.size();
    auto published = publish_download(store(), std::move(staging), facts);
    EXPECT_EQ(text_of(published), "");
    return *published;
  }
  std::optional<Download> find(const std::string& url) {
    auto found = find_download(store(), url);
    EXPECT_EQ(text_of(found), "");
    return *found;
  }
  void used(const std::string& url, time_t when) {
    auto path = find(url)->path;
    path.replace(path.rfind('/'), path.npos, "/facts.json");
    timespec times[2] = {{when, 0}, {when, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  std::vector<std::string> collect(const DownloadLimits& limits, bool dry_run = false) {
    auto gone = collect_downloads(store(), limits, dry_run);
    EXPECT_EQ(text_of(gone), "");
    std::vector<std::string> urls;
    for (const auto& each : *gone) urls.push_back(each.url);
    return urls;
  }
};

TEST_F(DownloadsTest, AreFoundByTheirAddress) {
  EXPECT_FALSE(find(one));
  auto path = publish(one, "content", "\"tag\"");
  auto found = find(one).value();
  EXPECT_EQ(found.path, path);
  EXPECT_EQ(found.etag, "\"tag\"");
  EXPECT_EQ(found.bytes, 7u);
  EXPECT_FALSE(find(other));
}

TEST_F(DownloadsTest, TakeThePlaceOfWhatWasThereWhichWhoHasItGoesOnWith) {
  auto path = publish(one, "content", "old");
  auto before = open_path(path, O_RDONLY).value();
  EXPECT_EQ(publish(one, "more content", "new"), path);
  EXPECT_EQ(find(one)->etag, "new");
  EXPECT_EQ(read_fd(before.get()).value(), "content");
}

TEST_F(DownloadsTest, ThatACrashHasCutOffAreNone) {
  auto path = publish(one, "content");
  ASSERT_EQ(::truncate(path.c_str(), 3), 0);
  EXPECT_FALSE(find(one));
}

TEST_F(DownloadsTest, GoByAgeAndSizeTheLongestUnusedFirst) {
  publish(one, "12345");
  publish(other, "12345");
  used(one, 2000);
  used(other, 1000);
  EXPECT_THAT(collect({1000, std::nullopt}), IsEmpty());
  EXPECT_THAT(collect({std::nullopt, 10}), IsEmpty());
  EXPECT_THAT(collect({std::nullopt, 9}, true), ElementsAre(other));
  EXPECT_THAT(collect({1001, std::nullopt}), ElementsAre(other));
  touch_download(store(), one);
  EXPECT_THAT(collect({2001, std::nullopt}), IsEmpty());
  publish(other, "12345");
  EXPECT_THAT(collect({std::nullopt, std::nullopt, {other}}), ElementsAre(other));
  EXPECT_THAT(collect({std::nullopt, 0}), ElementsAre(one));
  EXPECT_FALSE(find(one));
}

}  // namespace
}  // namespace pyxis
