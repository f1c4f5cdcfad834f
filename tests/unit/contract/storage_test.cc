// What an engine and the storage helper say to each other. Requests come from any user of the node.
#include "contract/storage.h"

#include <array>
#include <climits>
#include <cstdint>
#include <cstring>
#include <tuple>

#include "../base/scratch.h"
#include "base/text.h"

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::text_of;
using namespace std::string_literals;

using Ask = StorageRequest::Kind;
using Reply = StorageReply::Kind;

constexpr std::array asks = {Ask::hello, Ask::claim,  Ask::begin, Ask::bring,
                             Ask::drop,  Ask::finish, Ask::mount, Ask::keep};
constexpr std::array replies = {Reply::ready, Reply::granted, Reply::absent,  Reply::wanted, Reply::waiting,
                                Reply::send,  Reply::here,    Reply::brought, Reply::mounts, Reply::failed};

const std::string hex(64, 'a');

Digest some_digest() {
  return *Digest::parse("sha256:" + hex);
}

StorageRequest full_request(Ask kind = Ask::claim) {
  StorageRequest request;
  request.kind = kind;
  request.image = some_digest();
  request.kept = true;
  request.origin = {"registry.example:5000", "library/debian"};
  request.authorization = "Bearer abc";
  request.reference = "docker://registry.example:5000/library/debian:12";
  request.manifest = "{\0}\n\xff"s;
  request.config = "{\"config\": true}";
  request.container = "/home/user/\xc3\xa4\n";
  request.layer = 7;
  return request;
}

StorageReply full_reply(Reply kind = Reply::waiting) {
  StorageReply reply;
  reply.kind = kind;
  reply.text = "text\n";
  reply.remedy = "remedy";
  reply.code = EACCES;
  reply.layer = 1;
  reply.done = 2;
  reply.total = 3;
  reply.left = 4;
  reply.layers = {5, UINT64_MAX};
  return reply;
}

// All of them: one that is added does not compile before it is compared, too.
auto fields(const StorageRequest& request) {
  const auto& [kind, image, kept, origin, authorization, reference, manifest, config, container, layer] =
      request;
  return std::tie(kind, image, kept, origin, authorization, reference, manifest, config, container, layer);
}

auto fields(const StorageReply& reply) {
  const auto& [kind, text, remedy, code, layer, done, total, left, layers] = reply;
  return std::tie(kind, text, remedy, code, layer, done, total, left, layers);
}

// Every message begins with these two.
constexpr size_t version_at = 0, kind_at = sizeof(uint64_t);

uint64_t number_at(const std::string& body, size_t at) {
  uint64_t value;
  std::memcpy(&value, body.data() + at, sizeof value);
  return value;
}

std::string with_number(std::string body, size_t at, uint64_t value) {
  std::memcpy(body.data() + at, &value, sizeof value);
  return body;
}

std::string replaced(std::string body, std::string_view old, std::string_view with) {
  EXPECT_EQ(old.size(), with.size());  // or a length would be wrong as well
  auto at = body.find(old);
  EXPECT_NE(at, body.npos);
  return at == body.npos ? body : body.replace(at, old.size(), with);
}

// 0 where it is accepted.
int refusal(const StorageRequest& request) {
  return code_of(StorageRequest::decode(request.encode()));
}

template <class Message>
void expect_only_the_whole(const std::string& whole) {
  ASSERT_EQ(text_of(Message::decode(whole)), "");
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_EQ(code_of(Message::decode(std::string_view(whole).substr(0, length))), EBADMSG) << length;
  EXPECT_EQ(code_of(Message::decode(whole + "x")), EBADMSG);
  EXPECT_EQ(code_of(Message::decode(whole + whole)), EBADMSG);
}

template <class Message>
void expect_another_release_is_named(const std::string& body) {
  auto version = number_at(body, version_at);
  for (uint64_t other : {version + 1, version - 1, UINT64_MAX}) {
    auto got = Message::decode(with_number(body, version_at, other));
    ASSERT_FALSE(got.ok()) << other;
    EXPECT_EQ(got.error().code, 0);
    EXPECT_THAT(got.error().message, HasSubstr("of different releases"));
    EXPECT_THAT(got.error().remedy, HasSubstr("from one release"));
  }
}

TEST(StorageRequest, OfEveryKindSurvivesTheJourney) {
  for (auto kind : asks) {
    auto sent = full_request(kind);
    auto got = StorageRequest::decode(sent.encode());
    ASSERT_EQ(text_of(got), "");
    EXPECT_EQ(fields(*got), fields(sent));
  }
}

TEST(StorageRequest, MaySayNothingButItsKind) {
  for (auto kind : {Ask::hello, Ask::begin, Ask::bring, Ask::drop, Ask::finish}) {
    StorageRequest sent;
    sent.kind = kind;
    auto got = StorageRequest::decode(sent.encode());
    ASSERT_EQ(text_of(got), "");
    EXPECT_EQ(fields(*got), fields(sent));
  }
}

TEST(StorageRequest, OfAnotherReleaseIsRefusedAsThat) {
  expect_another_release_is_named<StorageRequest>(full_request().encode());
}

TEST(StorageRequest, OfUnknownKindIsRefused) {
  auto body = full_request(asks.back()).encode();
  auto last = number_at(body, kind_at);
  EXPECT_EQ(last, asks.size() - 1);
  for (uint64_t kind : {last + 1, UINT64_MAX})
    EXPECT_EQ(code_of(StorageRequest::decode(with_number(body, kind_at, kind))), EBADMSG) << kind;
}

TEST(StorageRequest, IsRefusedUnlessWholeAndNoMore) {
  expect_only_the_whole<StorageRequest>(full_request().encode());
}

TEST(StorageRequest, WithoutTheImageItIsAboutIsRefused) {
  for (auto kind : {Ask::claim, Ask::mount, Ask::keep}) {
    auto request = full_request(kind);
    EXPECT_EQ(refusal(request), 0);
    request.image = {};
    EXPECT_EQ(refusal(request), EBADMSG) << static_cast<int>(kind);
  }
}

// Digests become names of files.
TEST(StorageRequest, WithWhatIsNoDigestIsRefused) {
  auto good = "sha256:" + hex;
  auto body = full_request().encode();
  for (const auto& bad : {"sha257:" + hex, "sha512:" + hex, "sha256-" + hex, "SHA256:" + hex,
                          "sha256:" + std::string(64, 'A'), "sha256:" + std::string(63, 'a') + "g",
                          "sha256:" + std::string(63, 'a') + '\0', "sha256:../../" + std::string(58, 'a')})
    EXPECT_EQ(code_of(StorageRequest::decode(replaced(body, good, bad))), EBADMSG) << bad;
  auto request = full_request();
  request.image = *Digest::parse("sha512:" + hex + hex);
  EXPECT_EQ(refusal(request), 0);
  EXPECT_EQ(code_of(StorageRequest::decode(replaced(request.encode(), "sha512:", "sha256:"))), EBADMSG);
}

// They become headers, names of files and lines of logs.
TEST(StorageRequest, WithWhatIsNoPlainLineIsRefused) {
  auto refusals = [](const std::string& text) {
    std::vector<int> codes;
    for (int which = 0; which < 4; ++which) {
      auto request = full_request();
      *std::array{&request.origin.registry, &request.origin.repository, &request.authorization,
                  &request.reference}[which] += text;
      codes.push_back(refusal(request));
    }
    return codes;
  };
  EXPECT_THAT(refusals("a"), Each(0));
  for (const auto& text : {"\n"s, "\r\nX: y"s, "\t"s, "\0"s, "\x1b[2J"s, "\x7f"s, "\xc3\xa4"s, "\xff"s})
    EXPECT_THAT(refusals(text), Each(EBADMSG)) << printable(text);
}

TEST(StorageRequest, WithTooLongATextIsRefused) {
  auto refusals = [](std::string StorageRequest::*text, size_t longest) {
    auto request = full_request();
    request.*text = std::string(longest, 'a');
    EXPECT_EQ(refusal(request), 0) << longest;
    request.*text += 'a';
    EXPECT_EQ(refusal(request), EBADMSG) << longest;
  };
  refusals(&StorageRequest::authorization, 64u << 10);
  refusals(&StorageRequest::reference, 1024);
  refusals(&StorageRequest::container, PATH_MAX);
  for (auto part : {&ImageOrigin::registry, &ImageOrigin::repository}) {
    auto request = full_request();
    request.origin.*part = std::string(1024, 'a');
    EXPECT_EQ(refusal(request), 0);
    request.origin.*part += 'a';
    EXPECT_EQ(refusal(request), EBADMSG);
  }
}

// The registry is asked at https://REGISTRY/v2/REPOSITORY/manifests/..., whatever is written there.
TEST(StorageRequest, NamesOnlyRegistriesAndRepositoriesOfThem) {
  auto refusal_of = [](const std::string& registry, const std::string& repository) {
    auto request = full_request();
    request.origin = {registry, repository};
    return refusal(request);
  };
  for (std::string registry : {"registry-1.docker.io", "127.0.0.1:5000", "[::1]:5000", "HOST"})
    EXPECT_EQ(refusal_of(registry, "a"), 0) << registry;
  for (std::string repository : {"a", "library/debian", "a_b/c-d.e/F"})
    EXPECT_EQ(refusal_of("r", repository), 0) << repository;
  for (std::string registry : {"a/b", "/", "a?b", "a#b", "user@a", "user:word@a", "a%2fb", "a b", "a\\b"})
    EXPECT_EQ(refusal_of(registry, "a"), EBADMSG) << registry;
  for (std::string repository : {"", "/", "/a", "//host/a", "..", "../a", "a/..", "a/../b", ".", "./a",
                                 "a/./b", "a?b", "a#b", "a@b", "a%2e%2e", "a:b", "a b", "a\\b"})
    EXPECT_EQ(refusal_of("r", repository), EBADMSG) << repository;
  EXPECT_EQ(refusal_of("", ""), 0);
  EXPECT_EQ(refusal_of("", "a"), EBADMSG);
}

TEST(StorageReply, OfEveryKindSurvivesTheJourney) {
  for (auto kind : replies) {
    auto sent = full_reply(kind);
    auto got = StorageReply::decode(sent.encode());
    ASSERT_EQ(text_of(got), "");
    EXPECT_EQ(fields(*got), fields(sent));
  }
}

TEST(StorageReply, OfAFailureHasAllOfTheError) {
  auto got = StorageReply::decode(StorageReply::failure({"message", "remedy", ENOSPC}, 3).encode());
  ASSERT_EQ(text_of(got), "");
  EXPECT_EQ(got->kind, Reply::failed);
  EXPECT_EQ(got->text, "message");
  EXPECT_EQ(got->remedy, "remedy");
  EXPECT_EQ(got->code, ENOSPC);
  EXPECT_EQ(got->layer, 3u);
  EXPECT_THAT(got->layers, IsEmpty());
}

TEST(StorageReply, OfAnotherReleaseIsRefusedAsThat) {
  expect_another_release_is_named<StorageReply>(full_reply().encode());
}

TEST(StorageReply, OfUnknownKindIsRefused) {
  auto body = full_reply(replies.back()).encode();
  auto last = number_at(body, kind_at);
  EXPECT_EQ(last, replies.size() - 1);
  for (uint64_t kind : {last + 1, UINT64_MAX})
    EXPECT_EQ(code_of(StorageReply::decode(with_number(body, kind_at, kind))), EBADMSG) << kind;
}

TEST(StorageReply, IsRefusedUnlessWholeAndNoMore) {
  expect_only_the_whole<StorageReply>(full_reply().encode());
}

TEST(StorageReply, ThatPromisesMoreLayersThanItHasIsRefused) {
  auto reply = full_reply();
  reply.layers.clear();
  auto body = reply.encode();
  auto count_at = body.size() - sizeof(uint64_t);
  ASSERT_EQ(number_at(body, count_at), 0u);
  for (uint64_t count : {uint64_t{1}, UINT64_MAX})
    EXPECT_EQ(code_of(StorageReply::decode(with_number(body, count_at, count))), EBADMSG) << count;
}

}  // namespace
}  // namespace pyxis
