#include "image/saved_images.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string entry(const std::string& name) {
  auto annotations =
      name.empty() ? "" : R"(,"annotations":{"org.opencontainers.image.ref.name":")" + name + "\"}";
  return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","size":7,"digest":")" + digest + "\"" +
         annotations + "}";
}

std::string index_of(const std::string& entries) {
  return R"({"schemaVersion":2,"manifests":[)" + entries + "]}";
}

template <class T>
std::string problem(const Result<T>& result) {
  return result.ok() ? "none" : result.error().text();
}

TEST(SavedImages, AreRead) {
  auto images = parse_saved_images(
      R"([{"Config":"a.json","RepoTags":["x:1","x:2"],"Layers":["l/layer.tar","m.tar"]},{"Config":"b","RepoTags":null}])");
  ASSERT_TRUE(images.ok()) << images.error().text();
  ASSERT_EQ(images->size(), 2u);
  EXPECT_EQ(images->at(0).config, "a.json");
  EXPECT_THAT(images->at(0).layers, ElementsAre("l/layer.tar", "m.tar"));
  EXPECT_THAT(images->at(0).names, ElementsAre("x:1", "x:2"));
  EXPECT_THAT(images->at(1).layers, IsEmpty());
}

TEST(SavedImages, HostileInput) {
  for (const char* text : {"", "{}", "[1]", "[null]", "[[]]", R"([{"Layers":[]}])", R"([{"Config":5}])",
                           R"([{"Config":"a","Layers":[5]}])", R"([{"Config":"a","Layers":{}}])",
                           R"([{"Config":"a\u0000b"}])", "[{\"Config\":\"a\"}"})
    EXPECT_NE(problem(parse_saved_images(text)), "none") << text;
  std::string layers = "\"l\"";
  for (size_t i = 0; i < max_layers; ++i) layers += ",\"l\"";
  EXPECT_THAT(problem(parse_saved_images(R"([{"Config":"a","Layers":[)" + layers + "]}]")),
              HasSubstr("more than 1024 layers"));
  EXPECT_NE(problem(parse_saved_images(std::string(1 << 20, '['))), "none");
}

TEST(LayoutIndex, AreChosenByName) {
  auto two = index_of(entry("a") + "," + entry("b") + "," + entry("a"));
  EXPECT_EQ(parse_layout_index(two, "a")->manifests.size(), 2u);
  EXPECT_EQ(parse_layout_index(two, "b")->manifests.size(), 1u);
  EXPECT_THAT(problem(parse_layout_index(two, "c")), HasSubstr("no image named c; it holds: a, b"));
  EXPECT_THAT(problem(parse_layout_index(two, "")), HasSubstr("several images: a, b; name one"));
  EXPECT_EQ(parse_layout_index(index_of(entry("")), "")->manifests.size(), 1u);
  EXPECT_EQ(parse_layout_index(index_of(entry("a")), "")->manifests.size(), 1u);
  EXPECT_THAT(problem(parse_layout_index(index_of(entry("")), "a")), HasSubstr("it holds: none"));
}

TEST(LayoutIndex, HostileInput) {
  for (const std::string& text :
       {std::string(), std::string("{"), index_of("5"), index_of("{}"), index_of("null"),
        R"({"schemaVersion":2,"manifests":{}})" + std::string(), R"({"schemaVersion":2})" + std::string()})
    EXPECT_NE(problem(parse_layout_index(text, "")), "none") << text;
  auto bad_name = index_of(R"({"size":7,"digest":")" + digest +
                           R"(","annotations":{"org.opencontainers.image.ref.name":5}})");
  EXPECT_THAT(problem(parse_layout_index(bad_name, "")), HasSubstr("org.opencontainers.image.ref.name"));
  EXPECT_THAT(problem(parse_layout_index(index_of(entry("\\u001b[31m")), "x")), HasSubstr("\\x1b"));
}

TEST(MadeManifest, IsAnImagesAndAlwaysTheSame) {
  Descriptor config{"", Digest::of("config"), 6, {}};
  Descriptor layer{"", Digest::of("layer"), 5, {}};
  auto bytes = make_manifest(config, {layer, layer});
  EXPECT_EQ(bytes, make_manifest(config, {layer, layer}));
  auto parsed = std::get<Manifest>(parse_manifest(bytes).value());
  EXPECT_EQ(parsed.config.digest, config.digest);
  EXPECT_EQ(parsed.config.size, 6u);
  ASSERT_EQ(parsed.layers.size(), 2u);
  EXPECT_EQ(parsed.layers[1].digest, layer.digest);
  EXPECT_EQ(parsed.layers[1].size, 5u);
}

}  // namespace
}  // namespace pyxis
