#include "contract/reference.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using testing::HasSubstr;
using testing::Not;
using Scheme = Reference::Scheme;

const std::string hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string digest = "sha256:" + hex;

struct Good {
  std::string text, user, registry, repository, tag, digest;
};

class DockerReference : public testing::TestWithParam<Good> {};

TEST_P(DockerReference, IsTakenApart) {
  const auto& want = GetParam();
  for (const auto& text : {"docker://" + want.text, want.text}) {
    auto got = parse_reference(text);
    ASSERT_TRUE(got.ok()) << text << ": " << got.error().text();
    EXPECT_EQ(got->scheme, Scheme::docker);
    EXPECT_EQ(got->user, want.user) << text;
    EXPECT_EQ(got->registry, want.registry) << text;
    EXPECT_EQ(got->repository, want.repository) << text;
    EXPECT_EQ(got->tag, want.tag) << text;
    EXPECT_EQ(got->digest.empty() ? "" : got->digest.text(), want.digest) << text;
  }
}

TEST_P(DockerReference, CanonicalTextNamesTheSameImage) {
  auto first = parse_reference(GetParam().text).value();
  auto second = parse_reference(first.canonical());
  ASSERT_TRUE(second.ok()) << first.canonical() << ": " << second.error().text();
  EXPECT_EQ(second->canonical(), first.canonical());
  first.user.clear();
  first.tag_written = second->tag_written;
  EXPECT_EQ(*second, first);
}

const std::string hub(docker_hub);
INSTANTIATE_TEST_SUITE_P(
    Forms, DockerReference,
    testing::Values(
        Good{"ubuntu", "", hub, "library/ubuntu", "latest", ""},
        Good{"ubuntu:22.04", "", hub, "library/ubuntu", "22.04", ""},
        Good{"ubuntu@" + digest, "", hub, "library/ubuntu", "", digest},
        Good{"ubuntu:22.04@" + digest, "", hub, "library/ubuntu", "22.04", digest},
        Good{"pytorch/pytorch:2.0", "", hub, "pytorch/pytorch", "2.0", ""},
        Good{"docker.io/ubuntu", "", hub, "library/ubuntu", "latest", ""},
        Good{"docker.io/library/ubuntu", "", hub, "library/ubuntu", "latest", ""},
        Good{"index.docker.io#ubuntu", "", hub, "library/ubuntu", "latest", ""},
        Good{"registry-1.docker.io#a/b:c", "", hub, "a/b", "c", ""},
        Good{"Docker.IO/ubuntu", "", hub, "library/ubuntu", "latest", ""},
        Good{"nvcr.io/nvidia/pytorch:24.01-py3", "", "nvcr.io", "nvidia/pytorch", "24.01-py3", ""},
        Good{"nvcr.io#nvidia/pytorch:24.01-py3", "", "nvcr.io", "nvidia/pytorch", "24.01-py3", ""},
        Good{"nvcr.io/cuda", "", "nvcr.io", "cuda", "latest", ""},
        Good{"$oauthtoken@nvcr.io#nvidia/pytorch:1", "$oauthtoken", "nvcr.io", "nvidia/pytorch", "1", ""},
        Good{"$oauthtoken@nvcr.io/nvidia/pytorch:1", "$oauthtoken", "nvcr.io", "nvidia/pytorch", "1", ""},
        Good{"me@ubuntu", "me", hub, "library/ubuntu", "latest", ""},
        Good{"me@ubuntu@" + digest, "me", hub, "library/ubuntu", "", digest},
        Good{"me@example.org@reg.example.org#x", "me@example.org", "reg.example.org", "x", "latest", ""},
        Good{"me@example.org@reg.example.org/x", "me@example.org", "reg.example.org", "x", "latest", ""},
        Good{"me@nvcr.io#x@" + digest, "me", "nvcr.io", "x", "", digest},
        Good{"localhost/x", "", "localhost", "x", "latest", ""},
        Good{"localhost:5000/x/y:z", "", "localhost:5000", "x/y", "z", ""},
        Good{"host:5000/x", "", "host:5000", "x", "latest", ""},
        Good{"host:5000#x:y", "", "host:5000", "x", "y", ""}, Good{"host#x:y", "", "host", "x", "y", ""},
        Good{"127.0.0.1:5000/x", "", "127.0.0.1:5000", "x", "latest", ""},
        Good{"[::1]:5000/x:y", "", "[::1]:5000", "x", "y", ""},
        Good{"[fe80::1]#x", "", "[fe80::1]", "x", "latest", ""},
        Good{"sha256", "", hub, "library/sha256", "latest", ""},
        Good{"a-b/c__d/e--f.g_h", "", hub, "a-b/c__d/e--f.g_h", "latest", ""},
        Good{"x:_A.b-C", "", hub, "library/x", "_A.b-C", ""}));

TEST(Reference, TagWrittenOrNot) {
  EXPECT_FALSE(parse_reference("ubuntu").value().tag_written);
  EXPECT_TRUE(parse_reference("ubuntu:latest").value().tag_written);
}

TEST(Reference, CanonicalText) {
  EXPECT_EQ(parse_reference("me@ubuntu").value().canonical(),
            "docker://registry-1.docker.io/library/ubuntu:latest");
  EXPECT_EQ(parse_reference("host#x:y").value().canonical(), "docker://host#x:y");
  EXPECT_EQ(parse_reference("podman://x").value().canonical(), "podman://x:latest");
  EXPECT_EQ(parse_reference("oci:dir:tag").value().canonical(), "oci:dir:tag");
  EXPECT_EQ(parse_reference("/a b.sqsh").value().canonical(), "/a b.sqsh");
}

TEST(Reference, DigestWinsOverTag) {
  auto reference = parse_reference("ubuntu:22.04").value();
  EXPECT_EQ(reference.selector(), "22.04");
  auto exact = Digest::parse("sha256:" + std::string(64, 'a')).value();
  auto pinned = reference.pinned(exact);
  EXPECT_EQ(pinned.selector(), exact.text());
  EXPECT_EQ(pinned.tag, "22.04");
}

TEST(Reference, LocalDaemonsKeepNames) {
  auto reference = parse_reference("dockerd://ubuntu:22.04").value();
  EXPECT_EQ(reference.scheme, Scheme::dockerd);
  EXPECT_EQ(reference.registry, "");
  EXPECT_EQ(reference.repository, "ubuntu");
  reference = parse_reference("podman://localhost/mine").value();
  EXPECT_EQ(reference.scheme, Scheme::podman);
  EXPECT_EQ(reference.registry, "localhost");
  EXPECT_EQ(reference.tag, "latest");
  EXPECT_FALSE(parse_reference("podman://--help").ok());
  EXPECT_FALSE(parse_reference("dockerd://").ok());
}

TEST(Reference, Paths) {
  EXPECT_EQ(parse_reference("oci:dir").value().path, "dir");
  auto tagged = parse_reference("oci:/a:b/dir:1.0").value();
  EXPECT_EQ(tagged.scheme, Scheme::oci_dir);
  EXPECT_EQ(tagged.path, "/a:b/dir");
  EXPECT_EQ(tagged.tag, "1.0");
  EXPECT_EQ(parse_reference("oci:/a:b/dir").value().path, "/a:b/dir");
  EXPECT_EQ(parse_reference("oci-archive:x.tar").value().scheme, Scheme::oci_archive);
  EXPECT_EQ(parse_reference("docker-archive:/x:y.tar").value().path, "/x:y.tar");
  EXPECT_EQ(parse_reference("oci:/a b/dir:1.0").value().path, "/a b/dir");
  EXPECT_EQ(parse_reference("oci-archive:a b.tar").value().path, "a b.tar");
  EXPECT_EQ(parse_reference("./x.sqsh").value().scheme, Scheme::file);
  EXPECT_EQ(parse_reference("../x.sqsh").value().path, "../x.sqsh");
  EXPECT_EQ(parse_reference("/x/y z.sqsh").value().path, "/x/y z.sqsh");
}

struct Bad {
  std::string text, says;
};
class MalformedReference : public testing::TestWithParam<Bad> {};

TEST_P(MalformedReference, IsExplained) {
  auto got = parse_reference(GetParam().text);
  ASSERT_FALSE(got.ok()) << GetParam().text;
  EXPECT_THAT(got.error().text(), HasSubstr(GetParam().says)) << GetParam().text;
  EXPECT_EQ(got.error().text().find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, MalformedReference,
    testing::Values(
        Bad{"", "empty"}, Bad{"docker://", "no image name"}, Bad{"docker://nvcr.io#", "no image name"},
        Bad{"docker://nvcr.io/", "no image name"}, Bad{"docker://#x", "registry before '#' is empty"},
        Bad{"docker://@x", "user before '@' is empty"},
        Bad{"http://x/y", "unknown scheme; write REGISTRY/IMAGE[:TAG], with docker://"},
        Bad{"docker://https://nvcr.io/x", "is not a registry"}, Bad{"docker://Ubuntu", "upper-case"},
        Bad{"ubuntu:", "tag after ':' is empty"}, Bad{"ubuntu:a b", "blanks"}, Bad{"ubuntu:-x", "tag '-x'"},
        Bad{"ubuntu:" + std::string(129, 'a'), "tag"}, Bad{"a//b", "empty part"}, Bad{"a/b/", "empty part"},
        Bad{"x/../y", "'..' cannot be part"}, Bad{"a..b", "cannot be part"}, Bad{"a___b", "cannot be part"},
        Bad{"-a", "cannot be part"}, Bad{"a_", "cannot be part"},
        Bad{std::string(256, 'a'), "longer than 255"}, Bad{std::string(248, 'a'), "longer than 255"},
        Bad{"nvcr.io/nvidia/x@latest", "must be followed by a digest"},
        Bad{"nvcr.io#x@y", "must be followed by a digest"}, Bad{"ubuntu@sha256:abc", "not 64"},
        Bad{"ubuntu@sha512:" + hex, "not 128"},
        Bad{"ubuntu@md5:" + std::string(32, 'a'), "unknown algorithm"},
        Bad{"ubuntu@sha256:" + std::string(64, 'F'), "lower-case"}, Bad{"host:0/x", "not a registry"},
        Bad{"host:99999/x", "not a registry"}, Bad{"host:/x", "not a registry"},
        Bad{"[::1/x", "not a registry"}, Bad{"[zz::1]/x", "not a registry"},
        Bad{"[::1]x/y", "not a registry"}, Bad{"-h.io/x", "not a registry"}, Bad{"a..io/x", "not a registry"},
        Bad{"a/b#c", "not a registry"}, Bad{"a#b#c", "cannot be part"}, Bad{"ubuntu\n", "control characters"},
        Bad{std::string("/x\0y", 4), "control"}, Bad{std::string(5000, 'a'), "longer than 4096"},
        Bad{"oci:", "no file name"}, Bad{"oci-archive:", "no file name"}, Bad{"oci:x:", "empty"}));

TEST(Reference, AddressOfAnImageFile) {
  for (const auto& [text, path] :
       {std::pair{"https://Host.example/Dir/x.sqsh", "https://host.example/Dir/x.sqsh"},
        {"http://127.0.0.1:8080/x.squashfs", "http://127.0.0.1:8080/x.squashfs"},
        {"https://h.example/x.sif?version=2", "https://h.example/x.sif?version=2"},
        {"https://[::1]:8443/x.sqfs", "https://[::1]:8443/x.sqfs"}}) {
    auto got = parse_reference(text);
    ASSERT_TRUE(got.ok()) << text << ": " << got.error().text();
    EXPECT_EQ(got->scheme, Scheme::url);
    EXPECT_EQ(got->path, path);
    EXPECT_EQ(parse_reference(got->canonical()).value(), *got);
  }
  for (const auto* text :
       {"https://h.example/x", "https://h.example", "https://h.example/x?y=x.sqsh", "ftp://h/x.sqsh",
        "https://h.example/x.sqsh#part", "https:///x.sqsh", "https://h example/x.sqsh"})
    EXPECT_FALSE(parse_reference(text).ok()) << text;
  auto login = parse_reference("https://me:hunter2@h.example/x.sqsh").error().text();
  EXPECT_THAT(login, HasSubstr("machine HOST login"));
  EXPECT_THAT(login, Not(HasSubstr("hunter2")));
}

TEST(Reference, PasswordIsRefusedAndNotRepeated) {
  for (auto text : {"docker://me:hunter2@nvcr.io/x", "me:hunter2@nvcr.io#x", "docker://me:hunter2@UBUNTU"}) {
    auto got = parse_reference(text);
    ASSERT_FALSE(got.ok());
    EXPECT_THAT(got.error().text(), HasSubstr("password"));
    EXPECT_THAT(got.error().text(), Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace pyxis
