// Who is asked where a registry has mirrors, and with what.
#include <gmock/gmock.h>

#include "registry/client.h"
#include "stored_image.h"

namespace pyxis::test {
namespace {

using testing::HasSubstr;

class Mirrors : public testing::Test {
 protected:
  Mirrors() {
    layer_ = image_.add_blob(noise(100'000));
    image_.tags["latest"] = image_.add_manifest("amd64", {layer_}).digest.text();
  }
  ServerResponse answer(const ServerRequest& request) { return serve_image(image_, request); }

  // A client for which `mirror_` stands before `server_`.
  Client& client(const std::string& more = {}) {
    auto settings = quick_settings(&waits_);
    EXPECT_TRUE(settings.registries
                    .add("[[registry]]\nlocation = '" + server_.address() +
                             "'\n[[registry.mirror]]\nlocation = '" + mirror_.address() + "'\n" + more,
                         "site.conf")
                    .ok());
    settings.http.answer_timeout = std::chrono::seconds(2);
    settings.note = [this](std::string_view line) { notes_.emplace_back(line); };
    client_.emplace(settings);
    return *client_;
  }
  Result<void> fetch(Client& from) {
    got_.clear();
    return from.fetch_blob(reference_at(server_), layer_, [&](std::span<const std::byte> data) {
      got_.append(reinterpret_cast<const char*>(data.data()), data.size());
      return ok();
    });
  }

  StoredImage image_;
  Descriptor layer_;
  std::function<void(const ServerRequest&, ServerResponse&)> change_ = [](auto&, auto&) {};
  FakeServer server_{[this](const ServerRequest& request) { return answer(request); }};
  FakeServer mirror_{[this](const ServerRequest& request) {
    auto response = answer(request);
    if (request.target != "/v2/") change_(request, response);
    return response;
  }};
  int waits_ = 0;
  std::vector<std::string> notes_;
  std::string got_;
  std::optional<Client> client_;
};

TEST_F(Mirrors, HaveItAll) {
  auto& one = client();
  EXPECT_TRUE(one.resolve(reference_at(server_), parse_platform("amd64").value()).ok());
  ASSERT_TRUE(fetch(one).ok());
  EXPECT_EQ(got_, image_.blobs[layer_.digest.text()]);
  EXPECT_EQ(server_.requests().size(), 0u);
  EXPECT_THAT(notes_, testing::ElementsAre(HasSubstr("from its mirror " + mirror_.address())));
}

TEST_F(Mirrors, AreAskedOnceAndWithoutWaiting) {
  change_ = [](auto&, ServerResponse& response) { response = {503, {}, "later"}; };
  auto& one = client();
  EXPECT_TRUE(one.get_manifest(reference_at(server_)).ok());
  ASSERT_TRUE(fetch(one).ok());
  EXPECT_EQ(waits_, 0);
}

TEST_F(Mirrors, ThatDoNotAnswerAreNotAskedAgain) {
  change_ = [](auto&, ServerResponse& response) { response.silent = true; };
  auto& one = client();
  EXPECT_TRUE(one.get_manifest(reference_at(server_)).ok());
  auto asked = mirror_.requests().size();
  ASSERT_TRUE(fetch(one).ok());
  EXPECT_EQ(mirror_.requests().size(), asked);
  EXPECT_THAT(notes_, testing::ElementsAre(HasSubstr("a mirror does not answer: " + mirror_.address())));
}

TEST_F(Mirrors, ABlobThatBreaksOffGoesOnAtTheRegistry) {
  change_ = [](auto&, ServerResponse& response) { response.cut = 40'000; };
  auto& one = client();
  ASSERT_TRUE(fetch(one).ok());
  EXPECT_EQ(got_, image_.blobs[layer_.digest.text()]);
  EXPECT_EQ(server_.requests().back().header("range"), "bytes=40000-");
}

TEST_F(Mirrors, AltogetherOtherManifestsAreNotTaken) {
  change_ = [](auto&, ServerResponse& response) { response.body += " "; };
  auto& one = client();
  EXPECT_TRUE(one.get_manifest(reference_at(server_)).ok());
  EXPECT_GT(server_.requests().size(), 0u);
}

// The sink cannot take bytes back: what a mirror has spoilt cannot be mended by another.
TEST_F(Mirrors, BytesThatAreOthersAreAnError) {
  change_ = [](auto&, ServerResponse& response) { response.body[0] ^= 1; };
  EXPECT_THAT(fetch(client()).error().message, HasSubstr("it was altered or damaged"));
}

TEST_F(Mirrors, ForTagsHaveThePartsOfWhatTheySaidATagIs) {
  auto& one = client("pull-from-mirror = 'tag-only'\n");
  auto manifest = one.get_manifest(reference_at(server_)).value();
  ASSERT_TRUE(fetch(one).ok());
  EXPECT_EQ(server_.requests().size(), 0u);
  auto& other = client("pull-from-mirror = 'tag-only'\n");
  EXPECT_TRUE(other.get_manifest(reference_at(server_).pinned(manifest.digest)).ok());
  ASSERT_TRUE(fetch(other).ok());
  EXPECT_GT(server_.requests().size(), 1u);
}

TEST_F(Mirrors, TheErrorIsTheRegistrysAndHasTheirs) {
  change_ = [](auto&, ServerResponse& response) { response = {403, {}, "not you"}; };
  auto error = client().get_manifest(reference_at(server_, "absent")).error().message;
  EXPECT_THAT(error, HasSubstr("answered 404"));
  EXPECT_THAT(error, HasSubstr("asked before: " + mirror_.address() + " answered 403"));
}

}  // namespace
}  // namespace pyxis::test
