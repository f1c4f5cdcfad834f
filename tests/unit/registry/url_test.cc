#include "registry/url.h"

#include <gtest/gtest.h>

namespace pyxis {
namespace {

TEST(Url, Parts) {
  auto url = parse_url("HTTPS://user:secret@Host.Example:8443/a/b?q=1#f").value();
  EXPECT_EQ(url.origin(), "https://host.example:8443");
  EXPECT_EQ(url.text.find("secret"), std::string::npos);
  EXPECT_EQ(parse_url("http://x/").value().origin(), "http://x:80");
  EXPECT_EQ(parse_url("https://[::1]/").value().host, "[::1]");
  for (auto text : {"", "x", "//x/y", "ftp://x/", "file:///etc/passwd", "https://", "https://a b/",
                    "http://x:99999/", "http://x\n/"})
    EXPECT_FALSE(parse_url(text).ok()) << text;
}

TEST(Url, Relative) {
  auto base = parse_url("https://reg:5000/v2/a/blobs/x?y=1").value();
  EXPECT_EQ(resolve_url(base, "/other?z=2").value().text, "https://reg:5000/other?z=2");
  EXPECT_EQ(resolve_url(base, "https://cdn/x").value().origin(), "https://cdn:443");
  EXPECT_EQ(resolve_url(base, "//cdn/x").value().origin(), "https://cdn:443");
  EXPECT_FALSE(resolve_url(base, "").ok());
  EXPECT_FALSE(resolve_url(base, "file:///etc/passwd").ok());
}

TEST(Url, Loopback) {
  for (auto host :
       {"localhost", "localhost:5000", "a.localhost", "127.0.0.1", "127.1.2.3:5000", "[::1]", "[::1]:5000"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (auto host : {"", "example.org", "127.0.0.1.example.org", "localhost.example.org", "127.0.0.256",
                    "127.0.0", "10.0.0.1", "[::2]", "[::1", "0.0.0.0", "127.example.org:80"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Url, Escape) {
  EXPECT_EQ(url_escape("a-b_c.d~/: +\xff"), "a-b_c.d~%2F%3A%20%2B%FF");
}

}  // namespace
}  // namespace pyxis
