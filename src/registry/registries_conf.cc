#include "registry/registries_conf.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "base/toml.h"
#include "contract/reference.h"

namespace pyxis {
namespace {

constexpr size_t most_rules = 10'000;
constexpr std::string_view any_subdomain = "*.";

// Of tools that we are none of.
constexpr std::array ignored_keys = {"unqualified-search-registries", "short-name-mode", "credential-helpers",
                                     "aliases", "additional-layer-store-auth-helper"};

std::string line_of(const std::string& file, const toml::node& node) {
  return file + ":" + std::to_string(node.source().begin.line);
}

Error wrong_type(const std::string& where, std::string_view key, const std::string& wanted) {
  return fail(where + ": " + printable(key) + " is to be " + wanted);
}

Result<std::string> text_at(const toml::node& node, const std::string& where, std::string_view key) {
  auto value = node.value_exact<std::string>();
  if (!value) return wrong_type(where, key, "a text in quotes");
  return *value;
}

Result<bool> flag_at(const toml::node& node, const std::string& where, std::string_view key) {
  auto value = node.value_exact<bool>();
  if (!value) return wrong_type(where, key, "true or false");
  return *value;
}

// "HOST[:PORT][/PATH]"
Result<RegistryPlace> parse_place(std::string_view text) {
  auto bad = [&](const char* why) {
    return fail("'" + printable(text) + "' " + why, "write HOST[:PORT] or HOST[:PORT]/PATH");
  };
  if (text.find("://") != text.npos) return bad("has a scheme; plain http is said by insecure = true");
  if (text.find_first_of("@#") != text.npos) return bad("is no registry, or a part of one");
  auto slash = text.find('/');
  std::string host(text.substr(0, slash)), path;
  if (slash != text.npos) path = text.substr(slash + 1);
  if (path.find(':') != path.npos) return bad("has a tag; only whole repositories can be meant");
  // A name of an image there, which is checked as users' are.
  auto reference =
      TRY(parse_reference("docker://" + host + "#" + (path.empty() ? "any/any" : path + "/any")));
  RegistryPlace place;
  place.registry = reference.registry;
  place.path = path;
  return place;
}

Result<RegistryPlace> parse_prefix(std::string_view text) {
  if (!text.starts_with(any_subdomain)) return parse_place(text);
  auto place = TRY(parse_place(text.substr(any_subdomain.size())));
  if (!place.path.empty() || place.registry.find(':') != std::string::npos)
    return fail("'" + printable(text) + "': what stands for all hosts of a domain has neither port nor path");
  place.registry.insert(0, any_subdomain);
  return place;
}

Result<MirrorUse> parse_use(const std::string& text) {
  if (text == "all") return MirrorUse::all;
  if (text == "digest-only") return MirrorUse::by_digest;
  if (text == "tag-only") return MirrorUse::by_tag;
  return fail("'" + printable(text) + "' is none of all, digest-only, tag-only");
}

Error unknown_key(const std::string& where, std::string_view key) {
  return fail(where + ": unknown key '" + printable(key) + "'",
              "containers-registries.conf(5) has those there are");
}

struct Mirror {
  RegistryPlace place;
  bool use_said = false;
};

Result<Mirror> read_mirror(const toml::table& table, const std::string& file) {
  Mirror mirror;
  bool insecure = false;
  std::string location;
  std::optional<MirrorUse> use;
  for (const auto& [key, node] : table) {
    auto where = line_of(file, node);
    if (key == "location") {
      location = TRY(text_at(node, where, key));
    } else if (key == "insecure") {
      insecure = TRY(flag_at(node, where, key));
    } else if (key == "pull-from-mirror") {
      use = TRY_CONTEXT(parse_use(TRY(text_at(node, where, key))), where + ": pull-from-mirror");
    } else {
      return unknown_key(where, key.str());
    }
  }
  auto where = line_of(file, table);
  if (location.empty()) return fail(where + ": a mirror has no location");
  mirror.place = TRY_CONTEXT(parse_place(location), where + ": location");
  mirror.place.insecure = insecure;
  mirror.place.use = use.value_or(MirrorUse::all);
  mirror.place.where = where;
  mirror.use_said = use.has_value();
  return mirror;
}

class RuleReader {
 public:
  RuleReader(const toml::table& table, const std::string& file) : table_(table), file_(file) {}

  Result<RegistryRule> read() {
    for (const auto& [key, node] : table_) TRY(take(key.str(), node));
    auto where = line_of(file_, table_);
    if (prefix_.empty()) prefix_ = location_;
    if (prefix_.empty()) return fail(where + ": a registry has neither prefix nor location");
    rule_.prefix = prefix_;
    rule_.match = TRY_CONTEXT(parse_prefix(prefix_), where + ": prefix");
    rule_.match.where = where;
    if (!location_.empty()) rule_.location = TRY_CONTEXT(parse_place(location_), where + ": location");
    rule_.location.insecure = insecure_;
    rule_.location.where = where;
    for (auto& mirror : mirrors_) {
      if (by_digest_only_ && mirror.use_said)
        return fail(mirror.place.where + ": pull-from-mirror beside mirror-by-digest-only",
                    "keep one of them");
      if (by_digest_only_) mirror.place.use = MirrorUse::by_digest;
      rule_.mirrors.push_back(std::move(mirror.place));
    }
    return std::move(rule_);
  }

 private:
  Result<void> take(std::string_view key, const toml::node& node) {
    auto where = line_of(file_, node);
    if (key == "prefix")
      prefix_ = TRY(text_at(node, where, key));
    else if (key == "location")
      location_ = TRY(text_at(node, where, key));
    else if (key == "insecure")
      insecure_ = TRY(flag_at(node, where, key));
    else if (key == "blocked")
      rule_.blocked = TRY(flag_at(node, where, key));
    else if (key == "mirror-by-digest-only")
      by_digest_only_ = TRY(flag_at(node, where, key));
    else if (key == "mirror")
      TRY(take_mirrors(node, where));
    else
      return unknown_key(where, key);
    return ok();
  }

  Result<void> take_mirrors(const toml::node& node, const std::string& where) {
    const auto* list = node.as_array();
    if (!list) return wrong_type(where, "mirror", "[[registry.mirror]]");
    for (const auto& each : *list) {
      const auto* table = each.as_table();
      if (!table) return wrong_type(where, "mirror", "[[registry.mirror]]");
      mirrors_.push_back(TRY(read_mirror(*table, file_)));
    }
    return ok();
  }

  const toml::table& table_;
  const std::string& file_;
  RegistryRule rule_;
  std::string prefix_, location_;
  bool insecure_ = false, by_digest_only_ = false;
  std::vector<Mirror> mirrors_;
};

bool is_host(const RegistryPlace& match, const std::string& registry) {
  if (!match.registry.starts_with(any_subdomain)) return match.registry == registry;
  auto name = registry.substr(0, registry.find(':'));
  return name.size() > match.registry.size() - 1 && name.ends_with(match.registry.substr(1));
}

// What is left of the repository behind the prefix; nothing where it is not below it.
std::optional<std::string> rest_of(const RegistryPlace& match, const std::string& registry,
                                   const std::string& repository) {
  if (!is_host(match, registry)) return std::nullopt;
  if (match.path.empty()) return repository;
  if (repository == match.path) return std::string();
  if (!repository.starts_with(match.path + "/")) return std::nullopt;
  return repository.substr(match.path.size() + 1);
}

Result<RegistryEndpoint> endpoint_at(const RegistryPlace& place, const std::string& rest) {
  RegistryEndpoint endpoint{place.registry, place.path, place.insecure, false, place.use};
  if (!place.path.empty() && !rest.empty()) endpoint.repository += "/";
  endpoint.repository += rest;
  if (!endpoint.repository.empty()) return endpoint;
  return fail(place.where + ": " + place.registry + " has no path, and the prefix is a whole repository",
              "write the repository there, too");
}

size_t length_of(const RegistryPlace& match) {
  return match.registry.size() + match.path.size();
}

Result<toml::table> parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, std::string_view(file));
  } catch (const toml::parse_error& error) {
    return fail(
        file + ":" + std::to_string(error.source().begin.line) + ": " + printable(error.description()),
        "the file is TOML: texts are in quotes, and a table begins with [[registry]]");
  }
}

}  // namespace

Result<void> RegistriesConf::add(std::string_view text, const std::string& file) {
  auto document = TRY(parse_toml(text, file));
  std::vector<RegistryRule> fresh;
  for (const auto& [key, node] : document) {
    auto where = line_of(file, node);
    if (std::ranges::find(ignored_keys, key.str()) != ignored_keys.end()) continue;
    if (key == "registries")
      return fail(where + ": 'registries' is of version 1 of the format",
                  "write [[registry]] for each registry");
    if (key != "registry") return unknown_key(where, key.str());
    const auto* list = node.as_array();
    if (!list) return wrong_type(where, key.str(), "[[registry]]");
    for (const auto& each : *list) {
      const auto* table = each.as_table();
      if (!table) return wrong_type(where, key.str(), "[[registry]]");
      auto rule = TRY(RuleReader(*table, file).read());
      auto same = [&](const RegistryRule& other) {
        return other.match.registry == rule.match.registry && other.match.path == rule.match.path;
      };
      if (auto twin = std::ranges::find_if(fresh, same); twin != fresh.end())
        return fail(rule.match.where + ": '" + printable(rule.prefix) + "' is there already, at " +
                    twin->match.where);
      std::erase_if(rules_, same);
      fresh.push_back(std::move(rule));
      if (fresh.size() > most_rules) return fail(file + ": too many registries");
    }
  }
  std::ranges::move(fresh, std::back_inserter(rules_));
  return ok();
}

const RegistryRule* RegistriesConf::find(const std::string& registry, const std::string& repository) const {
  const RegistryRule* best = nullptr;
  for (const auto& rule : rules_)
    if (rest_of(rule.match, registry, repository) &&
        (!best || length_of(rule.match) > length_of(best->match)))
      best = &rule;
  return best;
}

Result<std::vector<RegistryEndpoint>> RegistriesConf::endpoints(const std::string& registry,
                                                                const std::string& repository) const {
  std::vector<RegistryEndpoint> endpoints;
  const auto* rule = find(registry, repository);
  if (rule && rule->blocked)
    return Error{registry + "/" + repository + ": the site has blocked '" + rule->prefix + "' (" +
                     rule->match.where + ")",
                 "ask its administrators, or take the image from another registry", EPERM};
  if (!rule) {
    endpoints.push_back({registry, repository});
    return endpoints;
  }
  auto rest = *rest_of(rule->match, registry, repository);
  for (const auto& mirror : rule->mirrors) {
    endpoints.push_back(TRY(endpoint_at(mirror, rest)));
    endpoints.back().mirror = true;
  }
  if (rule->location.registry.empty())
    endpoints.push_back({registry, repository, rule->location.insecure});
  else
    endpoints.push_back(TRY(endpoint_at(rule->location, rest)));
  return endpoints;
}

}  // namespace pyxis
