// Manifests, by tag and digest, and registries that misbehave.
#include "registry/client.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "stored_image.h"

namespace pyxis::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Manifests : public testing::Test {
 protected:
  Manifests() {
    layer_ = image_.add_blob(noise(1000));
    manifest_ = image_.add_manifest("amd64", {layer_});
    index_ = image_.add_index({{"amd64", manifest_}, {"arm64", image_.add_manifest("arm64", {layer_})}});
    image_.tags["latest"] = index_.digest.text();
    image_.tags["single"] = manifest_.digest.text();
  }
  ServerResponse answer(const ServerRequest& request) {
    auto response = serve_image(image_, request);
    if (request.target != "/v2/") change_(request, response);
    return response;
  }

  StoredImage image_;
  Descriptor layer_, manifest_, index_;
  std::function<void(const ServerRequest&, ServerResponse&)> change_ = [](auto&, auto&) {};
  FakeServer server_{[this](const ServerRequest& request) { return answer(request); }};
  int waits_ = 0;
  Client client_{quick_settings(&waits_)};
  const Platform amd64_ = parse_platform("amd64").value();
};

TEST_F(Manifests, Head) {
  EXPECT_EQ(client_.head_manifest(reference_at(server_)).value(), index_.digest);
  EXPECT_EQ(server_.requests().back().method, "HEAD");
  EXPECT_THAT(server_.requests().back().header("accept"),
              HasSubstr("application/vnd.oci.image.index.v1+json"));
  EXPECT_EQ(client_.head_manifest(reference_at(server_).pinned(manifest_.digest)).value(), manifest_.digest);
}

TEST_F(Manifests, HeadWithoutDigestIsComputed) {
  change_ = [](auto&, ServerResponse& response) {
    std::erase_if(response.headers, [](auto& h) { return h.first == "Docker-Content-Digest"; });
  };
  EXPECT_EQ(client_.head_manifest(reference_at(server_)).value(), index_.digest);
  change_ = [](auto& request, ServerResponse& response) {
    if (request.method == "HEAD") response.status = 405;
  };
  EXPECT_EQ(client_.head_manifest(reference_at(server_)).value(), index_.digest);
}

TEST_F(Manifests, HeadErrorHasTheWordsOfGet) {
  EXPECT_THAT(client_.head_manifest(reference_at(server_, "absent")).error().text(),
              HasSubstr("MANIFEST_UNKNOWN: not known"));
}

TEST_F(Manifests, HeadOfAPortalIsNoImage) {
  change_ = [](auto&, ServerResponse& response) {
    response = {200, {{"Content-Type", "text/html"}}, "<html>Please sign in</html>"};
  };
  EXPECT_THAT(client_.head_manifest(reference_at(server_)).error().text(),
              HasSubstr("not JSON: it begins '<html>Please sign in"));
}

TEST_F(Manifests, Get) {
  auto got = client_.get_manifest(reference_at(server_)).value();
  EXPECT_EQ(got.digest, index_.digest);
  EXPECT_EQ(got.media_type, "application/vnd.oci.image.index.v1+json");
  EXPECT_EQ(got.bytes, image_.manifests[index_.digest.text()]);
}

TEST_F(Manifests, AlteredOnesAreFound) {
  change_ = [](auto&, ServerResponse& response) { response.body += " "; };
  EXPECT_THAT(client_.get_manifest(reference_at(server_)).error().text(), HasSubstr("altered or damaged"));
  change_ = [](auto&, ServerResponse& response) {
    response.headers.clear();
    response.body += " ";
  };
  EXPECT_TRUE(client_.get_manifest(reference_at(server_)).ok()) << "nothing to compare a tag with";
  EXPECT_THAT(client_.get_manifest(reference_at(server_).pinned(index_.digest)).error().text(),
              HasSubstr("altered or damaged"));
}

TEST_F(Manifests, TooLargeIsRefused) {
  change_ = [](auto&, ServerResponse& response) { response = {200, {}, std::string(5 << 20, ' ')}; };
  EXPECT_THAT(client_.get_manifest(reference_at(server_)).error().text(), HasSubstr("longer than 4.2 MB"));
}

TEST_F(Manifests, ResolveThroughAnIndex) {
  auto image = client_.resolve(reference_at(server_), amd64_).value();
  EXPECT_EQ(image.index_digest, index_.digest);
  EXPECT_EQ(image.manifest_digest, manifest_.digest);
  EXPECT_EQ(image.manifest.digest, manifest_.digest);
  ASSERT_EQ(image.parsed.layers.size(), 1u);
  EXPECT_EQ(image.parsed.layers[0].digest, layer_.digest);
}

TEST_F(Manifests, ResolveWithoutAnIndex) {
  auto image = client_.resolve(reference_at(server_, "single"), amd64_).value();
  EXPECT_EQ(image.index_digest, manifest_.digest);
  EXPECT_EQ(image.manifest_digest, manifest_.digest);
}

TEST_F(Manifests, ResolveForAnotherArchitecture) {
  auto error = client_.resolve(reference_at(server_), parse_platform("s390x").value()).error().text();
  EXPECT_THAT(error, HasSubstr("it exists for: linux/amd64, linux/arm64"));
  EXPECT_THAT(error, HasSubstr(reference_at(server_).canonical()));
}

TEST_F(Manifests, ResolveIndexesWithinIndexes) {
  auto nested = image_.add_index({{"amd64", index_}});
  image_.tags["nested"] = nested.digest.text();
  EXPECT_EQ(client_.resolve(reference_at(server_, "nested"), amd64_).value().manifest_digest,
            manifest_.digest);
  image_.tags["deep"] = image_.add_index({{"amd64", nested}}).digest.text();
  EXPECT_THAT(client_.resolve(reference_at(server_, "deep"), amd64_).error().text(),
              HasSubstr("more than 3 deep"));
}

TEST_F(Manifests, ChildOfAnIndexIsVerified) {
  change_ = [this](const ServerRequest& request, ServerResponse& response) {
    if (request.target.ends_with(manifest_.digest.text())) response.body.back() = ' ';
  };
  EXPECT_THAT(client_.resolve(reference_at(server_), amd64_).error().text(), HasSubstr("altered or damaged"));
}

TEST_F(Manifests, OnlyRegistries) {
  EXPECT_THAT(client_.get_manifest(parse_reference("oci:dir").value()).error().text(),
              HasSubstr("not an image of a registry"));
}

TEST_F(Manifests, RetriesAndGivesUp) {
  change_ = [](auto&, ServerResponse& response) {
    response = {429, {{"Retry-After", "1"}}, R"({"errors":[{"code":"TOOMANYREQUESTS"}]})"};
  };
  auto error = client_.get_manifest(reference_at(server_)).error().text();
  EXPECT_THAT(error, HasSubstr("429 Too Many Requests to anonymous (6 attempts): TOOMANYREQUESTS"));
  EXPECT_EQ(waits_, 5);
}

TEST(Registry, UnreachableIsSaidOnce) {
  int port;
  {
    FakeServer gone([](const ServerRequest&) { return ServerResponse{}; });
    port = gone.port();
  }
  Client client(quick_settings());
  auto reference = parse_reference("127.0.0.1:" + std::to_string(port) + "/x").value();
  auto error = client.head_manifest(reference).error();
  EXPECT_EQ(error.code, EHOSTUNREACH);
  EXPECT_THAT(error.text(), HasSubstr("Connection refused"));
  EXPECT_EQ(error.text().find('\n'), std::string::npos);
  auto nameless = client.head_manifest(parse_reference("no-such-registry.invalid/x").value()).error();
  EXPECT_EQ(nameless.code, EHOSTUNREACH);
  EXPECT_THAT(nameless.text(), HasSubstr("check the spelling of the registry"));
}

// As a forwarded port does whose service is down.
TEST(Registry, ThatBreaksConnectionsOffIsUnreachable) {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  std::thread server([&] {
    for (int fd; (fd = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      linger at_once{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      ::close(fd);
    }
  });
  Client client(quick_settings());
  auto reference = parse_reference("127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/x").value();
  auto error = client.head_manifest(reference).error();
  ::shutdown(listener.get(), SHUT_RDWR);
  server.join();
  EXPECT_EQ(error.code, EHOSTUNREACH) << error.text();
}

// 0.0.0.0 reaches this machine, and is not one of the names that stand for it.
TEST(Registry, PlainHttpOnlyWhereAllowed) {
  StoredImage image;
  image.tags["latest"] = image.add_manifest("amd64", {}).digest.text();
  FakeServer server([&](const ServerRequest& request) { return serve_image(image, request); });
  auto reference = parse_reference("0.0.0.0:" + std::to_string(server.port()) + "/repo/image").value();
  auto settings = quick_settings();
  auto refused = Client(settings).head_manifest(reference);
  ASSERT_FALSE(refused.ok());
  for (const auto& request : server.requests()) EXPECT_THAT(request.target, Not(HasSubstr("/v2/")));
  settings.http.allow_http = true;
  auto allowed = Client(settings).head_manifest(reference);
  EXPECT_TRUE(allowed.ok()) << allowed.error().text();
}

}  // namespace
}  // namespace pyxis::test
