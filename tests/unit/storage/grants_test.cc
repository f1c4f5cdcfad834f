#include "storage/grants.h"

#include <sys/stat.h>

#include <ctime>

#include "../store/store_fixture.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using testing::text_of;
using ::testing::UnorderedElementsAre;

const ImageOrigin here{"registry.example:5000", "library/debian"};
constexpr uid_t user = 1000, other_user = 1001;

class GrantsTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    grants_.emplace(open(user));
  }
  Grants open(uid_t whose) {
    auto opened = Grants::open(store(), whose);
    EXPECT_EQ(text_of(opened), "");
    return std::move(*opened);
  }
  const Grants& grants() const { return *grants_; }

  void proved_ago(time_t seconds) {
    ASSERT_EQ(text_of(grants().note_proof(layer)), "");
    auto when = std::time(nullptr) - seconds;
    timespec times[2] = {{when, 0}, {when, 0}};
    auto file = path("store/proven/" + std::to_string(user) + "/" + layer.hex());
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0) << file;
  }

  const Digest image = Digest::of("image"), other_image = Digest::of("other image");
  const Digest layer = Digest::of("layer"), other_layer = Digest::of("other layer");

 private:
  std::optional<Grants> grants_;
};

TEST_F(GrantsTest, TellWhereAnImageWasGranted) {
  EXPECT_EQ(grants().granted_from(image), std::nullopt);
  ASSERT_EQ(text_of(grants().grant(image, here)), "");
  EXPECT_EQ(grants().granted_from(image), here);
  EXPECT_EQ(grants().granted_from(other_image), std::nullopt);
}

TEST_F(GrantsTest, TellAnImageOfNoRegistryFromOneThatWasNotGranted) {
  ASSERT_EQ(text_of(grants().grant(image, {})), "");
  EXPECT_EQ(grants().granted_from(image), ImageOrigin());
  EXPECT_EQ(grants().granted_from(other_image), std::nullopt);
}

TEST_F(GrantsTest, OfTheSameImageReplaceOneAnother) {
  const ImageOrigin there{"other.example", "debian"};
  for (const auto& origin : {here, there, ImageOrigin(), here}) {
    ASSERT_EQ(text_of(grants().grant(image, origin)), "");
    EXPECT_EQ(grants().granted_from(image), origin);
  }
}

TEST_F(GrantsTest, KeepTheLongestOriginThatMessagesCarry) {
  const ImageOrigin longest{std::string(1024, 'r'), std::string(1024, 'p')};
  ASSERT_EQ(text_of(grants().grant(image, longest)), "");
  EXPECT_EQ(grants().granted_from(image), longest);
}

// As a crash of the machine leaves files: empty, or with what was there before.
TEST_F(GrantsTest, ThatWereSpoiltAreNone) {
  for (const char* spoilt : {"", "\n", "registry.example:5000", "a b c\n", " \n"}) {
    write("store/grants/" + std::to_string(user) + "/" + image.hex(), spoilt);
    EXPECT_EQ(grants().granted_from(image), std::nullopt) << spoilt;
  }
}

TEST_F(GrantsTest, AreRevokedOneByOne) {
  for (const auto& each : {image, other_image}) ASSERT_EQ(text_of(grants().grant(each, here)), "");
  grants().revoke(image);
  EXPECT_EQ(grants().granted_from(image), std::nullopt);
  EXPECT_EQ(grants().granted_from(other_image), here);
  grants().revoke(image);
}

TEST_F(GrantsTest, RememberImagesThatContainersStandOn) {
  EXPECT_FALSE(grants().kept(image));
  for (const char* container : {"/home/user/a", "/home/user/b", "/home/user/a"})
    ASSERT_EQ(text_of(grants().keep(image, container)), "");
  EXPECT_TRUE(grants().kept(image));
  EXPECT_FALSE(grants().kept(other_image));
  // What the collector reads.
  auto directory = "store/kept/" + std::to_string(user) + "/" + image.hex();
  std::vector<std::string> containers;
  for (const auto& name : names(directory)) containers.push_back(read(directory + "/" + name));
  EXPECT_THAT(containers, UnorderedElementsAre("/home/user/a", "/home/user/b"));
}

TEST_F(GrantsTest, AreNoWordForWhatIsKept) {
  ASSERT_EQ(text_of(grants().grant(image, here)), "");
  EXPECT_FALSE(grants().kept(image));
  ASSERT_EQ(text_of(grants().keep(other_image, "/a")), "");
  EXPECT_EQ(grants().granted_from(other_image), std::nullopt);
  ASSERT_EQ(text_of(grants().keep(image, "/a")), "");
  grants().revoke(image);
  EXPECT_TRUE(grants().kept(image));
}

TEST_F(GrantsTest, CountAProofForAnHour) {
  EXPECT_FALSE(grants().proven_lately(layer));
  ASSERT_EQ(text_of(grants().note_proof(layer)), "");
  EXPECT_TRUE(grants().proven_lately(layer));
  EXPECT_FALSE(grants().proven_lately(other_layer));
  proved_ago(3500);
  EXPECT_TRUE(grants().proven_lately(layer));
  proved_ago(3601);
  EXPECT_FALSE(grants().proven_lately(layer));
  ASSERT_EQ(text_of(grants().note_proof(layer)), "");
  EXPECT_TRUE(grants().proven_lately(layer));
}

TEST_F(GrantsTest, KnowAnOriginOnlyAsItWasNoted) {
  EXPECT_FALSE(grants().comes_from(layer, here));
  ASSERT_EQ(text_of(grants().note_origin(layer, here)), "");
  EXPECT_TRUE(grants().comes_from(layer, here));
  EXPECT_FALSE(grants().comes_from(other_layer, here));
  for (const ImageOrigin& other : {ImageOrigin{"registry.example", "library/debian"},
                                   {"registry.example:5000", "library"},
                                   {"registry.example:5000", "library/debian/x"},
                                   {"REGISTRY.example:5000", "library/debian"},
                                   {"library/debian", "registry.example:5000"},
                                   {"registry.example:5000", ""},
                                   {}})
    EXPECT_FALSE(grants().comes_from(layer, other)) << other.registry << "/" << other.repository;
}

TEST_F(GrantsTest, KnowSeveralOriginsOfALayer) {
  const ImageOrigin there{"other.example", "debian"};
  for (const auto& origin : {here, there, here}) ASSERT_EQ(text_of(grants().note_origin(layer, origin)), "");
  EXPECT_TRUE(grants().comes_from(layer, here));
  EXPECT_TRUE(grants().comes_from(layer, there));
}

TEST_F(GrantsTest, KnowThePlacesThatLayersHaveInCommon) {
  const ImageOrigin there{"other.example", "debian"}, elsewhere{"third.example", "x"};
  EXPECT_THAT(common_origins(store(), {layer}), ElementsAre());
  for (const auto& origin : {here, there, elsewhere})
    ASSERT_EQ(text_of(grants().note_origin(layer, origin)), "");
  for (const auto& origin : {there, here}) ASSERT_EQ(text_of(grants().note_origin(other_layer, origin)), "");
  EXPECT_THAT(common_origins(store(), {layer}), UnorderedElementsAre(here, there, elsewhere));
  EXPECT_THAT(common_origins(store(), {layer, other_layer, layer}), UnorderedElementsAre(here, there));
  EXPECT_THAT(common_origins(store(), {layer, Digest::of("from a file")}), ElementsAre());
  EXPECT_THAT(common_origins(store(), {}), ElementsAre());
  // As a crash leaves it.
  write("store/origins/" + other_layer.hex() + "/" + Digest::of("x").hex(), "");
  EXPECT_THAT(common_origins(store(), {other_layer}), UnorderedElementsAre(here, there));
}

// Else all that was loaded from files would come from everywhere without a registry.
TEST_F(GrantsTest, NoteNoOriginWhereThereIsNoRegistry) {
  ASSERT_EQ(text_of(grants().note_origin(layer, {})), "");
  EXPECT_FALSE(grants().comes_from(layer, {}));
  EXPECT_THAT(names("store/origins"), ElementsAre());
}

TEST_F(GrantsTest, AreEachUsersOwnButOriginsAreEverybodys) {
  auto other = open(other_user);
  ASSERT_EQ(text_of(grants().grant(image, here)), "");
  ASSERT_EQ(text_of(grants().keep(image, "/home/user/a")), "");
  ASSERT_EQ(text_of(grants().note_proof(layer)), "");
  ASSERT_EQ(text_of(grants().note_origin(layer, here)), "");
  EXPECT_EQ(other.granted_from(image), std::nullopt);
  EXPECT_FALSE(other.kept(image));
  EXPECT_FALSE(other.proven_lately(layer));
  EXPECT_TRUE(other.comes_from(layer, here));
  ASSERT_EQ(text_of(other.grant(image, {})), "");
  other.revoke(image);
  EXPECT_EQ(grants().granted_from(image), here);
}

TEST_F(GrantsTest, AreThereWhenTheyAreOpenedAgain) {
  ASSERT_EQ(text_of(grants().grant(image, here)), "");
  ASSERT_EQ(text_of(grants().keep(image, "/home/user/a")), "");
  ASSERT_EQ(text_of(grants().note_proof(layer)), "");
  ASSERT_EQ(text_of(grants().note_origin(layer, here)), "");
  auto again = open(user);
  EXPECT_EQ(again.granted_from(image), here);
  EXPECT_TRUE(again.kept(image));
  EXPECT_TRUE(again.proven_lately(layer));
  EXPECT_TRUE(again.comes_from(layer, here));
}

TEST_F(GrantsTest, LieInDirectoriesOfTheStoresUserAlone) {
  ASSERT_EQ(text_of(grants().keep(image, "/home/user/a")), "");
  ASSERT_EQ(text_of(grants().note_origin(layer, here)), "");
  auto own = std::to_string(user);
  for (const auto& name : {"grants/" + own, "kept/" + own, "proven/" + own, "kept/" + own + "/" + image.hex(),
                           std::string("origins"), "origins/" + layer.hex()})
    EXPECT_EQ(stat("store/" + name).st_mode & 07777, 0700u) << name;
}

}  // namespace
}  // namespace pyxis
