// Against the distribution's own registry: what it really sends, with Basic auth and TLS.
#include "docker_registry.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "registry/client.h"

namespace pyxis::test {
namespace {

using testing::HasSubstr;
using testing::Not;

struct TestImage : StoredImage {
  TestImage() {
    for (unsigned i = 0; i < 5; ++i) layers.push_back(add_blob(noise(2'000'000 + i, i + 1)));
    manifest = add_manifest("amd64", layers);
    index = add_index({{"amd64", manifest}});
    tags["latest"] = index.digest.text();
  }
  std::vector<Descriptor> layers;
  Descriptor manifest, index;
};

Reference image_at(const DockerRegistry& registry) {
  return parse_reference("docker://" + registry.address() + "/repo/image").value();
}

const Platform amd64 = parse_platform("amd64").value();

TEST(DockerRegistry, WholeImageInParallel) {
  TestImage image;
  DockerRegistry registry("repo/image", image, {});
  auto reference = image_at(registry);
  Client client(quick_settings());
  EXPECT_EQ(client.head_manifest(reference).value(), image.index.digest);
  auto resolved = client.resolve(reference, amd64);
  ASSERT_TRUE(resolved.ok()) << resolved.error().text();
  EXPECT_EQ(resolved->manifest_digest, image.manifest.digest);
  auto config = client.get_blob(reference, resolved->parsed.config, max_config_bytes);
  EXPECT_EQ(config.value(), image.blobs.at(resolved->parsed.config.digest.text()));
  std::vector<std::jthread> threads;
  for (const auto& layer : resolved->parsed.layers)
    threads.emplace_back([&] {
      auto got = client.get_blob(reference, layer, layer.size);
      EXPECT_TRUE(got.ok() && *got == image.blobs.at(layer.digest.text()));
    });
}

TEST(DockerRegistry, UnknownNamesAndTags) {
  TestImage image;
  DockerRegistry registry("repo/image", image, {});
  Client client(quick_settings());
  auto error = client.resolve(parse_reference(registry.address() + "/repo/image:absent").value(), amd64)
                   .error()
                   .text();
  EXPECT_THAT(error, HasSubstr(registry.address() +
                               " answered 404 Not Found to anonymous: MANIFEST_UNKNOWN: manifest unknown"));
  error = client.head_manifest(parse_reference(registry.address() + "/absent").value()).error().text();
  EXPECT_THAT(error, HasSubstr("404"));
}

TEST(DockerRegistry, BasicAuthentication) {
  TestImage image;
  DockerRegistry registry("repo/image", image, {.password = true});
  auto reference = image_at(registry);
  TemporaryDirectory home;
  auto settings = quick_settings();
  settings.credentials.netrc = home.path() + "/.credentials";
  auto anonymous = Client(settings).resolve(reference, amd64).error().text();
  EXPECT_THAT(anonymous, HasSubstr("401 Unauthorized to anonymous: UNAUTHORIZED: authentication required"));
  EXPECT_THAT(anonymous, HasSubstr("docker login " + registry.address()));

  home.write(".credentials", "machine " + registry.address() + " login me password wrong");
  auto wrong = Client(settings).resolve(reference, amd64).error().text();
  EXPECT_THAT(wrong, HasSubstr("401 Unauthorized to user me (from " + settings.credentials.netrc + ")"));
  EXPECT_THAT(wrong, Not(HasSubstr("wrong")));

  home.write(".credentials", "machine 127.0.0.1 login me password $(echo hunter2)");
  Client client(settings);
  auto resolved = client.resolve(reference, amd64);
  ASSERT_TRUE(resolved.ok()) << resolved.error().text();
  EXPECT_TRUE(client.get_blob(reference, image.layers[0], image.layers[0].size).ok());
  EXPECT_THAT(client.identity(reference), HasSubstr("user me"));
}

// A key and a certificate for 127.0.0.1 that signs itself.
void write_certificate(const std::string& certificate_path, const std::string& key_path) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  auto* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"),
                             -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  auto* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  std::unique_ptr<FILE, decltype(&fclose)> certificate_file(fopen(certificate_path.c_str(), "we"), fclose);
  PEM_write_X509(certificate_file.get(), certificate.get());
  std::unique_ptr<FILE, decltype(&fclose)> key_file(fopen(key_path.c_str(), "we"), fclose);
  PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

class TlsRegistry : public testing::Test {
 protected:
  TlsRegistry() {
    options_.certificate = files_.path() + "/certificate.pem";
    options_.key = files_.path() + "/key.pem";
    write_certificate(options_.certificate, options_.key);
    settings_.http.ca_file = options_.certificate;
    settings_.credentials.netrc = files_.path() + "/.credentials";
  }
  TemporaryDirectory files_;
  TestImage image_;
  DockerRegistry::Options options_;
  ClientSettings settings_ = quick_settings();
};

TEST_F(TlsRegistry, CertificateIsChecked) {
  DockerRegistry registry("repo/image", image_, options_);
  EXPECT_TRUE(Client(settings_).resolve(image_at(registry), amd64).ok());
  settings_.http.ca_file.clear();
  auto error = Client(settings_).resolve(image_at(registry), amd64).error().text();
  EXPECT_THAT(error, HasSubstr("certificate"));
  EXPECT_THAT(error, HasSubstr("SSL_CERT_FILE"));
}

// As `openssl rehash` names the certificates of a directory: by the hash of whom they are for.
TEST_F(TlsRegistry, AuthoritiesMayBeADirectory) {
  std::unique_ptr<FILE, decltype(&fclose)> file(fopen(options_.certificate.c_str(), "re"), fclose);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
  ASSERT_TRUE(certificate);
  std::array<char, 16> name;
  std::snprintf(name.data(), name.size(), "%08lx.0", X509_subject_name_hash(certificate.get()));
  TemporaryDirectory directory;
  std::filesystem::copy_file(options_.certificate, directory.path() + "/" + name.data());
  DockerRegistry registry("repo/image", image_, options_);
  settings_.http.ca_file.clear();
  Environment environment;
  environment.set("SSL_CERT_DIR", directory.path());
  settings_.http.take_environment(environment);
  auto resolved = Client(settings_).resolve(image_at(registry), amd64);
  EXPECT_TRUE(resolved.ok()) << resolved.error().text();
}

TEST_F(TlsRegistry, SecretIsNotSentToAPlainTokenServer) {
  FakeServer token_server([](const ServerRequest&) { return ServerResponse{200, {}, R"({"token":"x"})"}; });
  options_.token_realm = "http://" + token_server.address() + "/token";
  DockerRegistry registry("repo/image", image_, options_);
  files_.write(".credentials", "machine 127.0.0.1 login me password hunter2");
  auto error = Client(settings_).resolve(image_at(registry), amd64).error().text();
  EXPECT_THAT(error, HasSubstr("is on plain http: the secret of user me"));
  EXPECT_TRUE(token_server.requests().empty());
}

TEST_F(TlsRegistry, RedirectToPlainHttpIsRefused) {
  FakeServer storage([](const ServerRequest&) { return ServerResponse{200, {}, "x"}; });
  options_.redirect = "http://" + storage.address() + "/";
  DockerRegistry registry("repo/image", image_, options_);
  auto error =
      Client(settings_).get_blob(image_at(registry), image_.layers[0], image_.layers[0].size).error().text();
  EXPECT_THAT(error, HasSubstr("refused a redirect from https to plain http"));
  EXPECT_TRUE(storage.requests().empty());
}

}  // namespace
}  // namespace pyxis::test
