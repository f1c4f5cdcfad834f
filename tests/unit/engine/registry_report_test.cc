#include "engine/registry_report.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

TEST(RegistryReport, IsTheSameOnTheOtherSide) {
  RegistryReport report;
  report.registry = "registry.example:5000";
  report.addresses = {"192.0.2.1", "2001:db8::1"};
  report.proxy = "http://proxy:3128";
  report.url = "https://registry.example:5000/v2/";
  report.status = 401;
  report.dated = true;
  report.ahead = -600;
  report.wants_login = true;
  report.identity = "user me (from FILE)";
  report.login_error = "refused";
  auto decoded = RegistryReport::decode(report.encode());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->registry, report.registry);
  EXPECT_EQ(decoded->addresses, report.addresses);
  EXPECT_EQ(decoded->proxy, report.proxy);
  EXPECT_EQ(decoded->url, report.url);
  EXPECT_EQ(decoded->status, 401u);
  EXPECT_EQ(decoded->ahead, -600);
  EXPECT_TRUE(decoded->dated && decoded->wants_login);
  EXPECT_FALSE(decoded->admitted);
  EXPECT_EQ(decoded->identity, report.identity);
  EXPECT_EQ(decoded->login_error, "refused");
}

TEST(RegistryReport, EveryBeginningOfOneIsRefused) {
  RegistryReport report;
  report.addresses = {"192.0.2.1"};
  auto whole = report.encode();
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(RegistryReport::decode(whole.substr(0, length)).ok()) << length;
  EXPECT_FALSE(RegistryReport::decode(whole + "x").ok());
}

}  // namespace
}  // namespace pyxis
