#include "contract/reference.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "contract/image_file_name.h"

namespace pyxis {
namespace {

constexpr size_t max_text = 4096, max_repository = 255, max_tag = 128;

bool lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool letter_or_digit(char c) {
  return lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

// distribution-spec, "Pulling manifests": [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
bool valid_component(std::string_view text) {
  if (text.empty() || !lower_or_digit(text.front()) || !lower_or_digit(text.back())) return false;
  for (size_t i = 0; i < text.size();) {
    if (lower_or_digit(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && text[end] == text[i]) ++end;
    size_t run = end - i;
    bool fits = text[i] == '-' || (text[i] == '.' && run == 1) || (text[i] == '_' && run <= 2);
    if (!fits || !lower_or_digit(text[end])) return false;
    i = end;
  }
  return true;
}

Result<void> check_repository(const std::string& repository) {
  if (repository.empty()) return fail("no image name", "write docker://[REGISTRY/]IMAGE[:TAG]");
  if (repository.size() > max_repository) return fail("the image name is longer than 255 characters");
  for (const auto& component : split(repository, '/')) {
    if (valid_component(component)) continue;
    if (component.empty()) return fail("the image name has an empty part between slashes");
    if (std::ranges::any_of(component, [](char c) { return c >= 'A' && c <= 'Z'; }))
      return fail("'" + printable(component) + "' has upper-case letters", "image names are lower case");
    return fail("'" + printable(component) + "' cannot be part of an image name",
                "letters, digits and single . _ - between them are allowed");
  }
  return ok();
}

// distribution-spec: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
Result<void> check_tag(std::string_view tag) {
  bool fits =
      !tag.empty() && tag.size() <= max_tag && tag.front() != '.' && tag.front() != '-' &&
      std::ranges::all_of(tag, [](char c) { return letter_or_digit(c) || c == '_' || c == '.' || c == '-'; });
  if (fits) return ok();
  if (tag.empty()) return fail("the tag after ':' is empty", "leave the ':' out or name a tag");
  return fail("tag '" + printable(tag.substr(0, max_tag)) + "' is not valid",
              "at most 128 letters, digits, _ . and -, not beginning with . or -");
}

bool valid_port(std::string_view text) {
  auto port = parse_number<unsigned>(text);
  return port && *port > 0 && *port <= 65535;
}

bool valid_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  for (const auto& label : split(host, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, [](char c) { return letter_or_digit(c) || c == '-' || c == '_'; }))
      return false;
  }
  return true;
}

// host, host:port, [v6] or [v6]:port; lower case in the answer.
Result<std::string> check_registry(std::string_view text) {
  auto bad = [&] {
    return fail("'" + printable(text) + "' is not a registry",
                "a registry is HOST or HOST:PORT, without https://");
  };
  std::string_view rest;
  if (text.starts_with('[')) {
    auto close = text.find(']');
    if (close == text.npos || close < 3) return bad();
    auto address = text.substr(1, close - 1);
    auto part_of_address = [](char c) {
      return std::isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.';
    };
    if (address.find(':') == address.npos || !std::ranges::all_of(address, part_of_address)) return bad();
    rest = text.substr(close + 1);
  } else {
    auto colon = text.find(':');
    if (!valid_host_name(text.substr(0, colon))) return bad();
    rest = colon == text.npos ? std::string_view{} : text.substr(colon);
  }
  if (!rest.empty() && (rest.front() != ':' || !valid_port(rest.substr(1)))) return bad();
  auto registry = to_lower(text);
  constexpr std::array hub_names = {"docker.io", "index.docker.io", "registry-1.docker.io"};
  if (std::ranges::find(hub_names, registry) != hub_names.end()) return std::string(docker_hub);
  return registry;
}

// The rule of the usual Docker form: the first component is a registry if it has a dot or colon or is
// localhost.
bool names_registry(std::string_view component) {
  return component.find_first_of(".:") != component.npos || component == "localhost";
}

// What follows the last '@' is a digest rather than a name: a hash algorithm, a colon, then hex or nothing
// sensible.
bool looks_like_digest(std::string_view text) {
  auto colon = text.find(':');
  if (colon == text.npos || text.find('/') != text.npos) return false;
  auto algorithm = to_lower(text.substr(0, colon));
  if (algorithm == "sha256" || algorithm == "sha384" || algorithm == "sha512") return true;
  auto value = text.substr(colon + 1);
  constexpr size_t shortest_hash = 32;
  return value.size() >= shortest_hash &&
         std::ranges::all_of(value, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
}

// Takes "[:TAG][@DIGEST]" off the end of `rest`.
Result<void> take_digest(std::string_view& rest, Reference& reference) {
  auto at = rest.rfind('@');
  if (at == rest.npos || !looks_like_digest(rest.substr(at + 1))) return ok();
  reference.digest = TRY(Digest::parse(rest.substr(at + 1)));
  rest = rest.substr(0, at);
  return ok();
}

Result<void> take_tag(std::string_view& rest, Reference& reference) {
  auto colon = rest.rfind(':');
  auto slash = rest.rfind('/');
  if (colon != rest.npos && (slash == rest.npos || colon > slash)) {
    TRY(check_tag(rest.substr(colon + 1)));
    reference.tag = rest.substr(colon + 1);
    reference.tag_written = true;
    rest = rest.substr(0, colon);
  } else if (reference.digest.empty()) {
    reference.tag = "latest";
  }
  return ok();
}

Result<void> check_user(std::string_view user) {
  if (user.empty()) return fail("the user before '@' is empty");
  if (user.find(':') != user.npos)
    return fail("a password does not belong into an image name",
                "write USER@ only and put the password into the credentials file");
  if (user.find('/') != user.npos)
    return fail("'@' must be followed by a digest",
                "a tag is written :TAG, a digest @sha256:<64 hexadecimal digits>");
  return ok();
}

// Registry and repository out of "REGISTRY#IMAGE", "REGISTRY/IMAGE" or "IMAGE".
Result<void> take_name(std::string_view rest, Reference& reference) {
  std::string_view registry, name = rest;
  auto hash = rest.find('#');
  auto slash = rest.find('/');
  if (hash != rest.npos) {
    registry = rest.substr(0, hash);
    name = rest.substr(hash + 1);
    if (registry.empty()) return fail("the registry before '#' is empty");
  } else if (slash != rest.npos && names_registry(rest.substr(0, slash))) {
    registry = rest.substr(0, slash);
    name = rest.substr(slash + 1);
  }
  if (!registry.empty()) reference.registry = TRY(check_registry(registry));
  reference.repository = name;
  return check_repository(reference.repository);
}

Result<Reference> parse_docker(std::string_view rest) {
  Reference reference;
  TRY(take_digest(rest, reference));
  // In the '#' form the user ends at the last '@' before '#'; otherwise at the last '@' that is left.
  auto at = rest.substr(0, rest.find('#')).rfind('@');
  if (at != rest.npos) {
    TRY(check_user(rest.substr(0, at)));
    reference.user = rest.substr(0, at);
    rest = rest.substr(at + 1);
  }
  auto hash = rest.find('#');
  if (hash != rest.npos) {
    auto name = rest.substr(hash + 1);
    if (name.find('@') != name.npos)
      return fail("'@' must be followed by a digest",
                  "the user is written before the registry: USER@REGISTRY#IMAGE");
    TRY(take_tag(name, reference));
    rest = rest.substr(0, hash + 1 + name.size());
  } else {
    TRY(take_tag(rest, reference));
  }
  TRY(take_name(rest, reference));
  if (reference.registry.empty()) reference.registry = docker_hub;
  if (reference.registry == docker_hub && reference.repository.find('/') == std::string::npos) {
    reference.repository.insert(0, "library/");
    TRY(check_repository(reference.repository));  // the longer name has the same limit
  }
  return reference;
}

// dockerd and podman keep names as they were given to them, so neither Docker Hub nor library/ is added.
Result<Reference> parse_local(Reference::Scheme scheme, std::string_view rest) {
  Reference reference;
  reference.scheme = scheme;
  TRY(take_digest(rest, reference));
  TRY(take_tag(rest, reference));
  std::string_view name = rest;
  auto slash = rest.find('/');
  if (slash != rest.npos && names_registry(rest.substr(0, slash))) {
    TRY(check_registry(rest.substr(0, slash)));
    reference.registry = to_lower(rest.substr(0, slash));
    name = rest.substr(slash + 1);
  }
  reference.repository = name;
  TRY(check_repository(reference.repository));
  return reference;
}

Result<Reference> parse_path(Reference::Scheme scheme, std::string_view rest) {
  Reference reference;
  reference.scheme = scheme;
  if (scheme == Reference::Scheme::oci_dir) {
    auto colon = rest.rfind(':');
    if (colon != rest.npos && rest.find('/', colon) == rest.npos) {
      TRY(check_tag(rest.substr(colon + 1)));
      reference.tag = rest.substr(colon + 1);
      reference.tag_written = true;
      rest = rest.substr(0, colon);
    }
  }
  if (rest.empty()) return fail("no file name");
  reference.path = rest;
  return reference;
}

// "https://HOST[:PORT]/PATH[?QUERY]"
Result<Reference> parse_url_of_file(std::string_view text) {
  auto after_scheme = text.find("://") + 3;
  auto scheme = text.substr(0, after_scheme), rest = text.substr(after_scheme);
  auto slash = rest.find('/');
  auto host = rest.substr(0, slash), path = slash == rest.npos ? "" : rest.substr(slash);
  if (host.find('@') != host.npos)
    return fail("a login does not belong into an address",
                "write it into the credentials file: machine HOST login USER password SECRET");
  TRY(check_registry(host));
  if (path.find('#') != path.npos || !ends_as_image_file(path.substr(0, path.find('?'))))
    return fail(
        "unknown scheme",
        "write REGISTRY/IMAGE[:TAG], with docker:// before it or without; addresses are those of image "
        "files, *.sqsh or *.sif");
  Reference reference;
  reference.scheme = Reference::Scheme::url;
  reference.path = std::string(scheme) + to_lower(host) + std::string(path);
  return reference;
}

struct SchemeRow {
  std::string_view prefix;
  Reference::Scheme scheme;
};
constexpr std::array scheme_rows = {
    SchemeRow{"docker://", Reference::Scheme::docker},
    SchemeRow{"dockerd://", Reference::Scheme::dockerd},
    SchemeRow{"podman://", Reference::Scheme::podman},
    SchemeRow{"oci:", Reference::Scheme::oci_dir},
    SchemeRow{"oci-archive:", Reference::Scheme::oci_archive},
    SchemeRow{"docker-archive:", Reference::Scheme::docker_archive},
};

Result<Reference> parse_by_scheme(std::string_view text) {
  if (text.starts_with('/') || text.starts_with('.')) return parse_path(Reference::Scheme::file, text);
  for (const auto& row : scheme_rows) {
    if (!text.starts_with(row.prefix)) continue;
    auto rest = text.substr(row.prefix.size());
    switch (row.scheme) {
      case Reference::Scheme::docker:
        return parse_docker(rest);
      case Reference::Scheme::dockerd:
      case Reference::Scheme::podman:
        return parse_local(row.scheme, rest);
      default:
        return parse_path(row.scheme, rest);
    }
  }
  if (is_address(text)) return parse_url_of_file(text);
  if (text.find("://") != text.npos)
    return fail("unknown scheme", "write REGISTRY/IMAGE[:TAG], with docker:// before it or without");
  return parse_docker(text);
}

// The text for an error message: what may be a password in front of '@' is left out.
std::string quoted(std::string_view text) {
  constexpr size_t shown = 300;
  auto scheme_end = text.find("://");
  size_t begin = scheme_end == text.npos ? 0 : scheme_end + 3;
  auto colon = text.find(':', begin);
  auto at = text.rfind('@');
  std::string out(text);
  if (colon != text.npos && at != text.npos && colon < at && !looks_like_digest(text.substr(at + 1)))
    out = std::string(text.substr(0, colon)) + ":***" + std::string(text.substr(at));
  return "image '" + printable(std::string_view(out).substr(0, shown)) + "'";
}

std::string image_name(const Reference& reference) {
  std::string out = reference.repository;
  if (!reference.registry.empty())
    out.insert(0, reference.registry + (names_registry(reference.registry) ? "/" : "#"));
  if (!reference.tag.empty()) out += ":" + reference.tag;
  if (!reference.digest.empty()) out += "@" + reference.digest.text();
  return out;
}

}  // namespace

Result<Reference> parse_reference(std::string_view text) {
  if (text.empty()) return fail("the image name is empty", "write docker://[REGISTRY/]IMAGE[:TAG] or a path");
  if (text.size() > max_text) return fail("the image name is longer than 4096 characters");
  auto blank_or_control = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  bool path = text.starts_with('/') || text.starts_with('.') || text.starts_with("oci:") ||
              text.starts_with("oci-archive:") || text.starts_with("docker-archive:");
  if (text.find('\0') != text.npos || (!path && std::ranges::any_of(text, blank_or_control)))
    return fail(quoted(text) + ": blanks and control characters are not allowed in it");
  auto reference = parse_by_scheme(text);
  if (!reference.ok()) return std::move(reference).error().context(quoted(text));
  return reference;
}

std::string Reference::canonical() const {
  if (scheme == Scheme::file || scheme == Scheme::url) return path;
  std::string out;
  for (const auto& row : scheme_rows)
    if (row.scheme == scheme) out = row.prefix;
  if (!path.empty()) return out + path + (tag.empty() ? "" : ":" + tag);
  return out + image_name(*this);
}

Reference Reference::pinned(const Digest& exact) const {
  Reference copy = *this;
  copy.digest = exact;
  return copy;
}

}  // namespace pyxis
