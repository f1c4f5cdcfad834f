#include "registry/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "base/text.h"

namespace pyxis {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part(CURLU* handle, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle, which, &text, flags) != CURLUE_OK) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

Error bad_url(std::string_view text) {
  constexpr size_t shown = 200;
  return fail("'" + printable(text.substr(0, shown)) + "' is not an http or https URL");
}

Result<Url> finish(CURLU* handle, std::string_view text) {
  curl_url_set(handle, CURLUPART_USER, nullptr, 0);
  curl_url_set(handle, CURLUPART_PASSWORD, nullptr, 0);
  curl_url_set(handle, CURLUPART_FRAGMENT, nullptr, 0);
  Url url;
  url.scheme = to_lower(part(handle, CURLUPART_SCHEME));
  url.host = to_lower(part(handle, CURLUPART_HOST));
  url.port = part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  url.text = part(handle, CURLUPART_URL);
  if ((url.scheme != "http" && url.scheme != "https") || url.host.empty() || url.text.empty())
    return bad_url(text);
  return url;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  Handle handle(curl_url(), curl_url_cleanup);
  if (text.find('\0') != text.npos || text.find("://") == text.npos) return bad_url(text);
  if (curl_url_set(handle.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK)
    return bad_url(text);
  return finish(handle.get(), text);
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  Handle handle(curl_url(), curl_url_cleanup);
  if (reference.empty() || reference.find('\0') != reference.npos) return bad_url(reference);
  if (curl_url_set(handle.get(), CURLUPART_URL, base.text.c_str(), 0) != CURLUE_OK) return bad_url(base.text);
  if (curl_url_set(handle.get(), CURLUPART_URL, std::string(reference).c_str(), 0) != CURLUE_OK)
    return bad_url(reference);
  return finish(handle.get(), reference);
}

bool is_loopback(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
  auto name = host.substr(0, host.find(':'));
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  auto numbers = split(name, '.');
  return numbers.size() == 4 && numbers[0] == "127" &&
         std::ranges::all_of(numbers, [](const std::string& number) {
           auto value = parse_number<unsigned>(number);
           return value && *value <= 255;
         });
}

std::string url_escape(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF", unreserved = "-._~";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte)) || unreserved.find(c) != unreserved.npos) {
      out += c;
      continue;
    }
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace pyxis
