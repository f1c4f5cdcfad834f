// URLs taken apart and put together by libcurl's own parser, so that what is checked is what is asked.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pyxis {

struct Url {
  std::string text;          // normalised, without user, password and fragment
  std::string scheme, host;  // lower case; host of an IPv6 address in brackets
  std::string port;          // always there

  std::string origin() const { return scheme + "://" + host + ":" + port; }
  bool plain() const { return scheme == "http"; }
};

// Absolute http and https URLs only. Error names the text (printable, bounded).
Result<Url> parse_url(std::string_view text);
// A Location against the URL it came from (RFC 3986, 5).
Result<Url> resolve_url(const Url& base, std::string_view reference);

// localhost, *.localhost, 127.0.0.0/8, [::1]; a port may follow.
bool is_loopback(std::string_view host);

// %XX for everything but unreserved characters (RFC 3986, 2.3).
std::string url_escape(std::string_view text);

}  // namespace pyxis
