#include "image/manifest.h"

#include <gmock/gmock.h>

#include "image/json_fields.h"

namespace pyxis {
namespace {

using json::Value;
using testing::HasSubstr;

const std::string digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string oci_layer = "application/vnd.oci.image.layer.v1.tar+gzip";

Value descriptor(const std::string& type, std::uint64_t size = 7) {
  return {{"mediaType", type}, {"digest", digest}, {"size", size}};
}

Value manifest() {
  return {
      {"schemaVersion", 2},
      {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
      {"config", descriptor("application/vnd.oci.image.config.v1+json")},
      {"layers", {descriptor(oci_layer, 10), descriptor("application/vnd.oci.image.layer.v1.tar+zstd", 20)}}};
}

Value entry(const std::string& architecture, const std::string& variant = {},
            const std::string& os = "linux") {
  auto out = descriptor("application/vnd.oci.image.manifest.v1+json");
  out["platform"] = {{"os", os}, {"architecture", architecture}};
  if (!variant.empty()) out["platform"]["variant"] = variant;
  return out;
}

Value index_of(std::vector<Value> entries) {
  return {{"schemaVersion", 2}, {"manifests", entries}};
}

std::string error_of(const Value& document) {
  auto parsed = parse_manifest(document.dump());
  return parsed.ok() ? "no error" : parsed.error().text();
}

Index index(std::vector<Value> entries) {
  return std::get<Index>(parse_manifest(index_of(std::move(entries)).dump()).value());
}

TEST(Manifest, Oci) {
  auto parsed = std::get<Manifest>(parse_manifest(manifest().dump()).value());
  EXPECT_EQ(parsed.media_type, "application/vnd.oci.image.manifest.v1+json");
  EXPECT_EQ(parsed.config.size, 7u);
  ASSERT_EQ(parsed.layers.size(), 2u);
  EXPECT_EQ(parsed.layers[1].media_type, "application/vnd.oci.image.layer.v1.tar+zstd");
  EXPECT_EQ(parsed.layers[0].digest.text(), digest);
}

TEST(Manifest, DockerSchema2) {
  auto document = manifest();
  document["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json";
  document["layers"] = {descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip")};
  EXPECT_EQ(std::get<Manifest>(parse_manifest(document.dump()).value()).layers.size(), 1u);
}

TEST(Manifest, TypeFromHeaderWhereTheDocumentHasNone) {
  auto document = manifest();
  document.erase("mediaType");
  auto parsed = std::get<Manifest>(
      parse_manifest(document.dump(), "application/vnd.oci.image.manifest.v1+json; charset=utf-8").value());
  EXPECT_EQ(parsed.media_type, "application/vnd.oci.image.manifest.v1+json");
  document["mediaType"] = nullptr;
  EXPECT_TRUE(parse_manifest(document.dump()).ok());
}

TEST(Manifest, NotJsonShowsWhatCame) {
  auto error = parse_manifest("\n <html><head><title>Sign in</title>\n<body>", "text/html").error().text();
  EXPECT_THAT(error, HasSubstr("manifest is not JSON"));
  EXPECT_THAT(error, HasSubstr("<html><head><title>Sign in</title>"));
  EXPECT_THAT(error, HasSubstr("no proxy"));
  EXPECT_THAT(parse_manifest("").error().text(), HasSubstr("empty"));
  EXPECT_THAT(parse_manifest("[1]").error().text(), HasSubstr("not a JSON object"));
  EXPECT_THAT(parse_manifest("\x1b[2J{").error().text(), HasSubstr("\\x1b"));
  EXPECT_LT(parse_manifest(std::string(1 << 20, 'x')).error().text().size(), 400u);
  EXPECT_FALSE(parse_manifest("{\"a\":\"\xff\xfe\"}").ok());
  EXPECT_FALSE(parse_manifest(manifest().dump() + "x").ok());
  EXPECT_FALSE(parse_manifest(manifest().dump().substr(0, 100)).ok());
}

TEST(Manifest, DeepNestingIsHarmless) {
  EXPECT_FALSE(parse_manifest(std::string(1 << 20, '[')).ok());
  EXPECT_FALSE(parse_manifest("{\"a\":" + std::string(500000, '[') + std::string(500000, ']') + "}").ok());
}

TEST(Manifest, Schema1IsRefused) {
  EXPECT_THAT(error_of({{"schemaVersion", 1}, {"fsLayers", Value::array()}}), HasSubstr("schema 1"));
  EXPECT_THAT(error_of({{"schemaVersion", 1},
                        {"mediaType", "application/vnd.docker.distribution.manifest.v1+prettyjws"}}),
              HasSubstr("schema 1"));
  EXPECT_THAT(error_of({{"schemaVersion", 3}, {"layers", Value::array()}}), HasSubstr("schemaVersion"));
}

TEST(Manifest, ContradictionsAreRefused) {
  auto both = manifest();
  both["manifests"] = Value::array();
  EXPECT_THAT(error_of(both), HasSubstr("at once"));
  auto lying = manifest();
  lying["mediaType"] = "application/vnd.oci.image.index.v1+json";
  EXPECT_THAT(error_of(lying), HasSubstr("does not fit"));
  auto lying_index = index_of({entry("amd64")});
  lying_index["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json";
  EXPECT_THAT(error_of(lying_index), HasSubstr("does not fit"));
}

TEST(Manifest, ArtefactsAndEncryptedLayersAreRefused) {
  auto document = manifest();
  document["layers"] = {descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip")};
  EXPECT_THAT(error_of(document), HasSubstr("not a file system layer"));
  document["layers"] = {descriptor(oci_layer + "+encrypted")};
  EXPECT_THAT(error_of(document), HasSubstr("encrypted"));
  EXPECT_THAT(error_of({{"schemaVersion", 2}}), HasSubstr("neither layers nor manifests"));
}

TEST(Manifest, FieldsAreChecked) {
  auto with_layer = [](const Value& layer) {
    auto document = manifest();
    document["layers"] = Value::array({layer});
    return error_of(document);
  };
  auto changed = [](const char* field, const Value& value) {
    auto layer = descriptor(oci_layer);
    layer[field] = value;
    return layer;
  };
  EXPECT_THAT(with_layer("text"), HasSubstr("layer 1"));
  EXPECT_THAT(with_layer(nullptr), HasSubstr("layer 1"));
  EXPECT_THAT(with_layer(changed("size", -1)), HasSubstr("'size'"));
  EXPECT_THAT(with_layer(changed("size", 1.5)), HasSubstr("'size'"));
  EXPECT_THAT(with_layer(changed("size", "7")), HasSubstr("'size'"));
  EXPECT_THAT(with_layer(changed("size", nullptr)), HasSubstr("'size' is missing"));
  EXPECT_THAT(with_layer(changed("size", ~0ull)), HasSubstr("beyond reason"));
  EXPECT_THAT(with_layer(changed("digest", "sha256:../../etc/passwd")), HasSubstr("digest"));
  EXPECT_THAT(with_layer(changed("digest", nullptr)), HasSubstr("digest"));
  EXPECT_THAT(with_layer(changed("digest", 5)), HasSubstr("'digest'"));
  EXPECT_THAT(with_layer(changed("mediaType", std::string("a\0b", 3))), HasSubstr("NUL"));

  auto document = manifest();
  document["layers"] = Value::object();
  EXPECT_THAT(error_of(document), HasSubstr("not a list"));
  document = manifest();
  document.erase("config");
  EXPECT_THAT(error_of(document), HasSubstr("'config' is missing"));
  document = manifest();
  document["config"]["size"] = 100u << 20;
  EXPECT_THAT(error_of(document), HasSubstr("its config is of"));
}

TEST(Manifest, Bounds) {
  auto document = manifest();
  document["layers"] = std::vector<Value>(max_layers + 1, descriptor(oci_layer));
  EXPECT_THAT(error_of(document), HasSubstr("more than 1024"));
  EXPECT_THAT(parse_manifest("{" + std::string(max_manifest_bytes, ' ') + "}").error().text(),
              HasSubstr("more than"));
}

TEST(SelectPlatform, TheBestFit) {
  auto list =
      index({entry("amd64", {}, "windows"), entry("arm64", "v8"), entry("arm", "v6"), entry("arm", "v7"),
             entry("amd64"), entry("amd64", "v3"), entry("unknown", {}, "unknown")});
  EXPECT_EQ(select_platform(list, parse_platform("amd64").value())->platform->text(), "linux/amd64");
  EXPECT_EQ(select_platform(list, parse_platform("amd64/v3").value())->platform->text(), "linux/amd64/v3");
  EXPECT_EQ(select_platform(list, parse_platform("amd64/v4").value())->platform->text(), "linux/amd64/v3");
  EXPECT_EQ(select_platform(list, parse_platform("aarch64").value())->platform->text(), "linux/arm64/v8");
  EXPECT_EQ(select_platform(list, parse_platform("arm").value())->platform->text(), "linux/arm/v7");
  EXPECT_EQ(select_platform(list, parse_platform("arm/v6").value())->platform->text(), "linux/arm/v6");
}

TEST(SelectPlatform, NoMatchListsWhatThereIs) {
  auto list = index({entry("amd64"), entry("arm64", "v8"), entry("unknown", {}, "unknown")});
  auto error = select_platform(list, parse_platform("s390x").value()).error().text();
  EXPECT_THAT(error, HasSubstr("does not exist for linux/s390x"));
  EXPECT_THAT(error, HasSubstr("linux/amd64, linux/arm64/v8"));
  EXPECT_THAT(error, Not(HasSubstr("unknown")));
  EXPECT_THAT(select_platform(index({}), host_platform()).error().text(), HasSubstr("none"));
  EXPECT_LT(select_platform(index(std::vector<Value>(4000, entry(std::string(500, 'x')))), host_platform())
                .error()
                .text()
                .size(),
            4000u);
}

TEST(SelectPlatform, ASingleEntryWithoutPlatform) {
  auto bare = descriptor("application/vnd.oci.image.manifest.v1+json");
  EXPECT_TRUE(select_platform(index({bare}), host_platform()).ok());
  EXPECT_FALSE(select_platform(index({bare, bare}), host_platform()).ok());
}

}  // namespace
}  // namespace pyxis
