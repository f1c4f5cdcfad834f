// Blobs through faults: the sink sees every byte once and in order, or the call fails.
#include <gmock/gmock.h>

#include <thread>

#include "registry/client.h"
#include "stored_image.h"

namespace pyxis::test {
namespace {

using testing::HasSubstr;

class Blob : public testing::Test {
 protected:
  Blob() { layer_ = image_.add_blob(content_); }

  // Answers the first requests with `faults` in turn, the later ones properly.
  ServerResponse answer(const ServerRequest& request) {
    if (request.target == "/v2/") return {};
    auto response = serve_image(image_, request);
    if (next_ < faults_.size()) faults_[next_++](response);
    return response;
  }
  Result<std::string> fetch(const Descriptor& blob) {
    std::string got;
    auto done =
        Client(settings_).fetch_blob(reference_at(server_), blob, [&](std::span<const std::byte> data) {
          got.append(reinterpret_cast<const char*>(data.data()), data.size());
          return ok();
        });
    received_ = got.size();
    if (!done.ok()) return done.error();
    return got;
  }

  static void cut_at(ServerResponse& response, size_t bytes) { response.cut = bytes; }

  const std::string content_ = noise(3'000'000);
  StoredImage image_;
  Descriptor layer_;
  std::vector<std::function<void(ServerResponse&)>> faults_;
  size_t next_ = 0, received_ = 0;
  int waits_ = 0;
  ClientSettings settings_ = quick_settings(&waits_);
  FakeServer server_{[this](const ServerRequest& request) { return answer(request); }};
};

TEST_F(Blob, Whole) {
  EXPECT_EQ(fetch(layer_).value(), content_);
  EXPECT_EQ(waits_, 0);
}

TEST_F(Blob, Empty) {
  EXPECT_EQ(fetch(image_.add_blob("")).value(), "");
}

TEST_F(Blob, ResumesWhereItBroke) {
  faults_ = {[](auto& r) { cut_at(r, 1'000'000); }, [](auto& r) { cut_at(r, 0); },
             [](auto& r) { cut_at(r, 500'000); }};
  EXPECT_EQ(fetch(layer_).value(), content_);
  EXPECT_EQ(waits_, 3);
  auto requests = server_.requests();
  EXPECT_EQ(requests.at(1).header("range"), "");
  EXPECT_EQ(requests.at(2).header("range"), "bytes=1000000-");
  EXPECT_EQ(requests.at(3).header("range"), "bytes=1000000-");
  EXPECT_EQ(requests.at(4).header("range"), "bytes=1500000-");
}

TEST_F(Blob, ServerWithoutRangesStartsAnew) {
  auto whole = [this](ServerResponse& response) { response = {200, {}, content_}; };
  faults_ = {[](auto& r) { cut_at(r, 1'234'567); },
             [&](auto& r) {
               whole(r);
               cut_at(r, 2'000'000);
             },
             whole};
  EXPECT_EQ(fetch(layer_).value(), content_);
}

TEST_F(Blob, ShortWholeResponseIsAnInterruption) {
  faults_ = {[](auto& r) { r.body.resize(100); }};
  EXPECT_EQ(fetch(layer_).value(), content_);
}

TEST_F(Blob, EndBeforeTheStatedSizeIsToldAtOnce) {
  faults_ = {[](auto& r) { cut_at(r, 100); }, [](auto& r) { r = {416, {}, ""}; }};
  EXPECT_THAT(fetch(layer_).error().text(), HasSubstr("the registry has 100 of the"));
}

TEST_F(Blob, WrongRangeIsNotBelieved) {
  faults_ = {[](auto& r) { cut_at(r, 100); },
             [](auto& r) {
               r.headers = {{"Content-Range", "bytes 50-99/100"}};
             }};
  EXPECT_THAT(fetch(layer_).error().text(), HasSubstr("asked for byte 100 and on"));
}

TEST_F(Blob, GivesUpWithoutProgress) {
  faults_.assign(100, [](auto& r) { cut_at(r, 0); });
  EXPECT_THAT(fetch(layer_).error().text(), HasSubstr("(6 attempts)"));
}

TEST_F(Blob, ProgressIsNotCountedAgainstIt) {
  const auto long_content = noise(30'000'000, 2);
  auto blob = image_.add_blob(long_content);
  faults_.assign(20, [](auto& r) { cut_at(r, 1'200'000); });
  EXPECT_TRUE(fetch(blob).value() == long_content);
}

TEST_F(Blob, BusyRegistryIsAskedAgain) {
  faults_ = {[](auto& r) {
               r = {429, {{"Retry-After", "5"}}, "slow down"};
             },
             [](auto& r) {
               r = {503, {}, ""};
             },
             [](auto& r) {
               r = {500, {}, ""};
             }};
  EXPECT_EQ(fetch(layer_).value(), content_);
  EXPECT_EQ(waits_, 3);
}

TEST_F(Blob, AlteredContentIsFound) {
  faults_ = {[](auto& r) { r.body[1'000'000] ^= 1; }};
  auto error = fetch(layer_).error().text();
  EXPECT_THAT(error, HasSubstr(layer_.digest.text()));
  EXPECT_THAT(error, HasSubstr("altered or damaged"));
}

TEST_F(Blob, NeverMoreThanItsSize) {
  faults_ = {[](auto& r) { r.body += "one byte too many"; }};
  EXPECT_THAT(fetch(layer_).error().text(), HasSubstr("more than the 3000000 bytes"));
  EXPECT_LE(received_, layer_.size);
}

TEST_F(Blob, SizeOfTheManifestIsHeldAgainstIt) {
  auto smaller = layer_, larger = layer_;
  smaller.size -= 1;
  EXPECT_THAT(fetch(smaller).error().text(), HasSubstr("more than the 2999999 bytes"));
  EXPECT_LE(received_, smaller.size);
  larger.size += 1;
  EXPECT_THAT(fetch(larger).error().text(), HasSubstr("of 3000001 bytes"));
}

TEST_F(Blob, Sha512) {
  Hasher hasher("sha512");
  hasher.update(std::as_bytes(std::span(content_)));
  auto blob = layer_;
  blob.digest = hasher.finish();
  image_.blobs[blob.digest.text()] = content_;
  EXPECT_EQ(fetch(blob).value(), content_);
}

TEST_F(Blob, ErrorOfTheSinkComesBack) {
  auto done = Client(settings_).fetch_blob(reference_at(server_), layer_,
                                           [](auto) -> Result<void> { return sys_error("write", ENOSPC); });
  EXPECT_EQ(done.error().code, ENOSPC);
  EXPECT_EQ(waits_, 0) << "nothing to retry";
}

TEST_F(Blob, MissingBlob) {
  auto absent = layer_;
  absent.digest = Digest::of("absent");
  EXPECT_THAT(fetch(absent).error().text(), HasSubstr("404 Not Found to anonymous: BLOB_UNKNOWN: not known"));
}

TEST_F(Blob, SmallOnesAreBounded) {
  Client client(settings_);
  EXPECT_THAT(client.get_blob(reference_at(server_), layer_, 1000).error().text(),
              HasSubstr("3.0 MB, more than 1.0 kB"));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(Blob, StopEndsIt) {
  faults_ = {[](auto& r) {
    r.cut = 1'000'000;
    r.hang = true;
  }};
  std::stop_source stop;
  std::jthread stopper([&] {
    server_.wait_for_hang();
    stop.request_stop();
  });
  Client client(settings_, stop.get_token());
  auto done = client.fetch_blob(reference_at(server_), layer_, [](auto) { return ok(); });
  EXPECT_EQ(done.error().code, ECANCELED);
}

TEST_F(Blob, StorageElsewhereGetsNoAuthorizationAndItsOwnError) {
  FakeServer storage([this](const ServerRequest& request) { return serve_image(image_, request); });
  FakeServer registry([&](const ServerRequest& request) -> ServerResponse {
    if (request.target == "/v2/") return {};
    if (request.header("authorization").empty()) {
      if (request.target.starts_with("/token")) return {200, {}, R"({"token":"secret"})"};
      return {
          401, {{"WWW-Authenticate", "Bearer realm=\"http://" + request.header("host") + "/token\""}}, ""};
    }
    return {307, {{"Location", "http://" + storage.address() + request.target}}, ""};
  });
  Client client(settings_);
  EXPECT_TRUE(client.get_blob(reference_at(registry), layer_, layer_.size).value() == content_);
  EXPECT_EQ(storage.requests().size(), 1u);
  for (const auto& request : storage.requests()) EXPECT_EQ(request.header("authorization"), "");
  auto absent = layer_;
  absent.digest = Digest::of("absent");
  EXPECT_THAT(client.get_blob(reference_at(registry), absent, layer_.size).error().text(),
              HasSubstr("404 Not Found"));
}

}  // namespace
}  // namespace pyxis::test
