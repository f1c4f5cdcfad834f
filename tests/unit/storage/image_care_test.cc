#include "storage/image_care.h"

#include <sys/stat.h>

#include <ctime>
#include <fstream>

#include "../store/store_fixture.h"
#include "storage/collector.h"
#include "storage/grants.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::text_of;

constexpr uid_t user = 1000;
constexpr time_t minute = 60, day = 24 * 3600;
const ImageOrigin here{"registry.example", "team/app"}, there{"a.example", "copy"};

class ImageCare : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    auto opened = Grants::open(store(), user);
    ASSERT_EQ(text_of(opened), "");
    grants_.emplace(std::move(*opened));
    containers.listed = static_cast<uint64_t>(std::time(nullptr)) - 1;
  }
  std::string root() { return path("root"); }
  const Grants& grants() { return *grants_; }

  // Used ten days ago.
  Digest published(const std::string& reference, const std::string& blob) {
    StoredImage image;
    image.manifest = "{\"of\": \"" + blob + "\"}";
    image.config = "{}";
    image.digest = Digest::of(image.manifest);
    image.reference = reference;
    LayerMeta meta;
    meta.bytes = 1000;
    image.layers = {layer(blob, meta)};
    EXPECT_EQ(text_of(publish_image(store(), stage(), image)), "");
    EXPECT_EQ(text_of(make_directory_at(store().uses(), image.digest.hex())), "");
    used_ago(image.digest, 10 * day);
    return image.digest;
  }
  void used_ago(const Digest& image, time_t seconds) {
    auto when = std::time(nullptr) - seconds;
    timespec times[2] = {{when, 0}, {when, 0}};
    ASSERT_EQ(::utimensat(store().uses(), image.hex().c_str(), times, 0), 0);
  }
  std::string note_of(const Digest& image, const std::string& container) {
    return path("store/kept/1000/" + image.hex() + "/" + Digest::of(container).hex());
  }
  // A container that is there, unless it is forgotten from `containers`.
  std::string container_on(const Digest& image, time_t noted_ago = day) {
    auto container = root() + "/users/1000/containers/node/c";
    EXPECT_EQ(text_of(grants().keep(image, container)), "");
    auto note = note_of(image, container);
    auto when = std::time(nullptr) - noted_ago;
    timespec times[2] = {{when, 0}, {when, 0}};
    EXPECT_EQ(::utimensat(AT_FDCWD, note.c_str(), times, 0), 0);
    containers.paths.insert(container);
    return container;
  }
  // State and origin of each image.
  std::vector<std::string> states() {
    std::vector<std::string> states;
    auto rows = list_shared_images(store(), root(), containers);
    EXPECT_EQ(text_of(rows), "");
    for (size_t i = 1; rows.ok() && i < rows->size(); ++i)
      states.push_back((*rows)[i][6] + "|" + (*rows)[i][7]);
    return states;
  }
  std::string refused(const std::string& name) {
    auto images = removable_images(store(), root(), containers, {name});
    return images.ok() ? "" : images.error().text();
  }
  std::vector<std::string> collected(const ShareLimits& limits) {
    auto collection = collect_shared(store(), root(), limits, containers, true);
    EXPECT_EQ(text_of(collection), "");
    std::vector<std::string> names;
    for (const auto& image : collection->images) names.push_back(image.reference);
    return names;
  }

  UserContainers containers;

 private:
  std::optional<Grants> grants_;
};

TEST_F(ImageCare, ListsImagesByNameWithWhatKeepsThem) {
  EXPECT_THAT(states(), IsEmpty());
  auto one = published("docker://registry.example/a:1", "a");
  auto two = published("docker://registry.example/b:1", "b");
  EXPECT_THAT(states(), ElementsAre("|", "|"));
  auto step = store().lock_shared("use-" + one.hex());
  ASSERT_EQ(text_of(step), "");
  container_on(one);
  ASSERT_EQ(text_of(pin_shared_images(store(), {"registry.example/a:1", two.hex().substr(0, 12)}, true)), "");
  EXPECT_THAT(states(), ElementsAre("in use, kept, pinned|", "pinned|"));
  step->reset();
  containers.paths.clear();
  ASSERT_EQ(text_of(pin_shared_images(store(), {two.text()}, false)), "");
  EXPECT_THAT(states(), ElementsAre("pinned|", "|"));
}

TEST_F(ImageCare, ShowsTheOriginOfItsNameFirstAndNotMoreThanThree) {
  published("docker://registry.example/team/app:1", "a");
  for (const auto& origin : {here, there})
    ASSERT_EQ(text_of(grants().note_origin(Digest::of("a"), origin)), "");
  EXPECT_THAT(states(), ElementsAre("|registry.example/team/app, a.example/copy"));
  for (const char* registry : {"b", "c", "d\x1b"})
    ASSERT_EQ(text_of(grants().note_origin(Digest::of("a"), {registry, "x"})), "");
  EXPECT_THAT(states(), ElementsAre("|registry.example/team/app, a.example/copy, b/x, 2 more"));
}

TEST_F(ImageCare, PinsAllImagesThatAreNamedOrNone) {
  published("docker://registry.example/a:1", "a");
  auto pinned = pin_shared_images(store(), {"registry.example/a:1", "registry.example/none"}, true);
  ASSERT_FALSE(pinned.ok());
  EXPECT_THAT(pinned.error().text(), HasSubstr("no image registry.example/none"));
  EXPECT_THAT(pinned.error().text(), HasSubstr("'pyxis-storage images'"));
  EXPECT_THAT(states(), ElementsAre("|"));
}

TEST_F(ImageCare, RemovesNothingThatIsKept) {
  auto one = published("docker://registry.example/a:1", "a");
  const std::string name = "registry.example/a:1";
  EXPECT_EQ(refused(name), "");
  auto container = container_on(one);
  EXPECT_THAT(refused(name), HasSubstr("a container stands on image " + name + ": " + container));
  containers.paths.clear();
  EXPECT_EQ(refused(name), "");
  // It may have been made since they were listed.
  container_on(one, 0);
  containers.paths.clear();
  EXPECT_THAT(refused(name), HasSubstr("a container stands on"));
  container_on(one);
  containers.paths.clear();
  auto step = store().lock_shared("use-" + one.hex());
  ASSERT_EQ(text_of(step), "");
  EXPECT_THAT(refused(name), HasSubstr("a step uses image " + name));
  step->reset();
  ASSERT_EQ(text_of(pin_shared_images(store(), {name}, true)), "");
  EXPECT_THAT(refused(name), HasSubstr("image " + name + " is pinned"));
  EXPECT_THAT(refused(name), HasSubstr("pyxis-storage unpin " + name));
  EXPECT_THAT(refused("registry.example/b:1"), HasSubstr("no image registry.example/b:1"));
}

// The note's size can reach the disk without its content.
TEST_F(ImageCare, ACrashThatEmptiesANoteKeepsNothingThatIsNotNeededAndLosesNothingThatIs) {
  auto one = published("docker://registry.example/a:1", "a");
  auto container = container_on(one);
  auto note = note_of(one, container);
  for (const auto& left : {std::string(), std::string(20, '\0')}) {
    std::ofstream(note, std::ios::trunc) << left;
    timespec times[2] = {{1, 0}, {1, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, note.c_str(), times, 0), 0);
    containers.paths = {root() + "/users/1000/containers/node/another", container};
    EXPECT_THAT(refused("registry.example/a:1"), HasSubstr("a container stands on"));
    containers.paths = {root() + "/users/1000/containers/node/"};  // more than could be listed
    EXPECT_THAT(refused("registry.example/a:1"), HasSubstr("a container stands on"));
    containers.paths = {root() + "/users/1000/containers/node/another",
                        root() + "/users/2/containers/node/c"};
    EXPECT_EQ(refused("registry.example/a:1"), "");
  }
}

TEST_F(ImageCare, CollectionTakesNothingThatIsPinned) {
  auto one = published("docker://registry.example/a:1", "a");
  published("docker://registry.example/b:1", "b");
  ASSERT_EQ(text_of(pin_shared_images(store(), {one.text()}, true)), "");
  ShareLimits everything{.bytes = 0, .percent = {}, .max_days = 1, .images = {one}};
  EXPECT_THAT(collected(everything), ElementsAre("docker://registry.example/b:1"));
  ASSERT_EQ(text_of(pin_shared_images(store(), {one.text()}, false)), "");
  EXPECT_THAT(collected(everything), SizeIs(2));
}

TEST_F(ImageCare, CollectionTakesWhatWasUsedAMomentAgoOnlyByName) {
  auto one = published("docker://registry.example/a:1", "a");
  used_ago(one, minute);
  ShareLimits small{.bytes = 0, .percent = {}, .max_days = {}, .images = {}};
  EXPECT_THAT(collected(small), IsEmpty());
  ShareLimits named{.bytes = {}, .percent = {}, .max_days = {}, .images = {one}};
  EXPECT_THAT(collected(named), SizeIs(1));
  // By a step that has come since: it may have made a container.
  used_ago(one, 0);
  EXPECT_THAT(collected(named), IsEmpty());
}

}  // namespace
}  // namespace pyxis
