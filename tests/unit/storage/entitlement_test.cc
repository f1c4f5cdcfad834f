// Who gets an image that is there. The registries are fake_vouch.cc: a repository's name is its verdict.
#include "storage/entitlement.h"

#include <signal.h>

#include "../store/store_fixture.h"
#include "base/text.h"

namespace pyxis {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::text_of;

constexpr uid_t user = 1000, other_user = 1001;
const ImageOrigin elsewhere{"elsewhere.example", "yes"}, no_registry;

ImageOrigin at(const std::string& repository) {
  return {"registry.example", repository};
}

class EntitlementTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    grants_.emplace(grants_of(user));
    image.digest = Digest::of("manifest");
    image.layers = {Digest::of("bottom"), Digest::of("top")};
  }
  Grants grants_of(uid_t whose) {
    auto opened = Grants::open(store(), whose);
    EXPECT_EQ(text_of(opened), "");
    return std::move(*opened);
  }
  const Grants& grants() const { return *grants_; }
  Entitlement entitlement(AskPolicy policy, std::set<std::string> http_registries = {}) {
    return {grants(), {policy, std::move(http_registries)}, registries};
  }

  // Somebody has brought all of the image from there.
  void known_from(const ImageOrigin& origin) {
    auto somebody = grants_of(other_user);
    for (const auto& layer : image.layers) ASSERT_EQ(text_of(somebody.note_origin(layer, origin)), "");
  }
  void granted_before(const std::optional<ImageOrigin>& origin) {
    grants().revoke(image.digest);
    if (origin) {
      ASSERT_EQ(text_of(grants().grant(image.digest, *origin)), "");
    }
  }
  std::optional<ImageOrigin> granted_from() const { return grants().granted_from(image.digest); }

  StorageRequest claim(const ImageOrigin& origin, const std::string& authorization = {}) const {
    StorageRequest request;
    request.kind = StorageRequest::Kind::claim;
    request.image = image.digest;
    request.origin = origin;
    request.authorization = authorization;
    return request;
  }
  Entitlement::Decision decide(AskPolicy policy, const StorageRequest& request) {
    return entitlement(policy).decide(request, image);
  }
  Entitlement::Decision decide(AskPolicy policy, const ImageOrigin& origin) {
    return decide(policy, claim(origin));
  }

  StoredImage image;
  Registries registries{FAKE_VOUCH};

 private:
  std::optional<Grants> grants_;
};

enum class Before { never_granted, granted_here, granted_elsewhere, granted_without_registry };

const std::array verdicts = {"yes", "no", "unauthorized", "unreachable", "no-https"};

struct Row {
  AskPolicy policy;
  Before before;
  // What each verdict leads to: + granted, w granted with a warning, ? who asks is to be said, - not granted,
  // x not granted, and the grant is gone.
  std::array<std::string, verdicts.size()> outcomes;
};

const std::array<Row, 12> table = {{
    // clang-format off
    //                                                            yes  no  unauthorized  unreachable  no https
    {AskPolicy::always,    Before::never_granted,                {"+", "-", "?",         "-",         "-"}},
    {AskPolicy::always,    Before::granted_here,                 {"+", "x", "?",         "-",         "-"}},
    {AskPolicy::always,    Before::granted_elsewhere,            {"+", "-", "?",         "-",         "-"}},
    {AskPolicy::always,    Before::granted_without_registry,     {"+", "-", "?",         "-",         "-"}},
    {AskPolicy::reachable, Before::never_granted,                {"+", "-", "?",         "-",         "-"}},
    {AskPolicy::reachable, Before::granted_here,                 {"+", "x", "?",         "w",         "w"}},
    {AskPolicy::reachable, Before::granted_elsewhere,            {"+", "-", "?",         "-",         "-"}},
    {AskPolicy::reachable, Before::granted_without_registry,     {"+", "+", "+",         "+",         "+"}},
    {AskPolicy::never,     Before::never_granted,                {"+", "-", "?",         "-",         "-"}},
    {AskPolicy::never,     Before::granted_here,                 {"+", "+", "+",         "+",         "+"}},
    {AskPolicy::never,     Before::granted_elsewhere,            {"+", "+", "+",         "+",         "+"}},
    {AskPolicy::never,     Before::granted_without_registry,     {"+", "+", "+",         "+",         "+"}},
    // clang-format on
}};

std::optional<ImageOrigin> origin_of(Before before, const ImageOrigin& here) {
  switch (before) {
    case Before::never_granted:
      return std::nullopt;
    case Before::granted_here:
      return here;
    case Before::granted_elsewhere:
      return elsewhere;
    case Before::granted_without_registry:
      return no_registry;
  }
  return std::nullopt;
}

TEST_F(EntitlementTest, IsWhatPolicyEarlierGrantAndRegistrySayTogether) {
  for (const auto& row : table) {
    for (size_t i = 0; i < verdicts.size(); ++i) {
      SCOPED_TRACE("row " + std::to_string(&row - table.data()) + ", " + verdicts[i]);
      const auto here = at(verdicts[i]);
      known_from(here);
      granted_before(origin_of(row.before, here));
      bool was_granted = granted_from().has_value();
      auto decision = decide(row.policy, here);
      bool is_granted = granted_from().has_value();
      std::string outcome = "-";
      if (decision.granted)
        outcome = decision.text.empty() ? "+" : "w";
      else if (decision.unauthorized)
        outcome = "?";
      else if (was_granted && !is_granted)
        outcome = "x";
      EXPECT_EQ(outcome, row.outcomes[i]) << decision.text;
      EXPECT_EQ(is_granted, outcome != "x" && (was_granted || decision.granted));
    }
  }
}

TEST_F(EntitlementTest, IsGrantedFromWhereTheRegistrySaidYesLast) {
  known_from(at("yes"));
  for (const auto& before : {std::optional<ImageOrigin>(), std::optional(elsewhere)}) {
    granted_before(before);
    EXPECT_TRUE(decide(AskPolicy::reachable, at("yes")).granted);
    EXPECT_EQ(granted_from(), at("yes"));
  }
}

TEST_F(EntitlementTest, WarnsWhichRegistryCouldNotBeAsked) {
  known_from(at("unreachable"));
  granted_before(at("unreachable"));
  EXPECT_THAT(decide(AskPolicy::reachable, at("unreachable")).text,
              AllOf(HasSubstr("registry registry.example"), HasSubstr("it said unreachable")));
}

TEST_F(EntitlementTest, IsFoundOutWithWhatTheUserSays) {
  known_from(at("unauthorized"));
  auto stranger = decide(AskPolicy::always, claim(at("unauthorized"), "Basic bad"));
  EXPECT_TRUE(!stranger.granted && stranger.unauthorized);
  EXPECT_EQ(granted_from(), std::nullopt);
  EXPECT_TRUE(decide(AskPolicy::always, claim(at("unauthorized"), "Basic good")).granted);
}

// Mirrors that root has named. The second path is the verdict of the mirror, the first that of the registry.
class MirrorsTest : public EntitlementTest {
 protected:
  VouchReply vouch(const std::string& mirror, const std::string& location,
                   const std::string& authorization = {}, std::set<std::string> http_registries = {},
                   const std::string& more = {}) {
    EntitlementSettings settings{AskPolicy::always, std::move(http_registries)};
    EXPECT_EQ(
        text_of(settings.registries.add(
            "[[registry]]\nprefix = 'registry.example/" + location + "'\nlocation = 'registry.example/" +
                location + "'\n[[registry.mirror]]\nlocation = 'mirror.example/" + mirror + "'\n" + more,
            "site.conf")),
        "");
    Registries asked{FAKE_VOUCH};
    Entitlement entitlement(grants(), settings, asked);
    auto reply = entitlement.vouch(at(location), image.digest, authorization);
    // Who does not answer is not waited for twice.
    silent = asked.silent_mirrors();
    return reply;
  }
  std::set<std::string> silent;
};

TEST_F(MirrorsTest, AreAsGoodAsTheRegistry) {
  EXPECT_EQ(vouch("yes", "no").verdict, Verdict::yes);
  EXPECT_EQ(vouch("no", "yes").verdict, Verdict::yes);
}

TEST_F(MirrorsTest, LeaveTheLastWordToTheRegistry) {
  EXPECT_EQ(vouch("no", "unreachable").verdict, Verdict::unreachable);
  EXPECT_EQ(vouch("unreachable", "no").verdict, Verdict::no);
  EXPECT_EQ(silent, std::set<std::string>{"mirror.example"});
  EXPECT_EQ(vouch("unauthorized", "no").verdict, Verdict::no);
  EXPECT_TRUE(silent.empty());
}

TEST_F(MirrorsTest, DoNotSeeWhatTheUserShowsToTheRegistry) {
  EXPECT_EQ(vouch("unauthorized", "no", "Basic good").verdict, Verdict::no);
  EXPECT_EQ(vouch("no", "unauthorized", "Basic good").verdict, Verdict::yes);
}

// `insecure` is of bytes, whose digests are known; whose word counts is said in plugstack.conf.
TEST_F(MirrorsTest, OnPlainHttpAreBelievedWherePlugstackConfSaysSo) {
  EXPECT_NE(vouch("plain", "no", {}, {}, "insecure = true\n").verdict, Verdict::yes);
  EXPECT_NE(vouch("plain", "no", {}, {"registry.example"}, "insecure = true\n").verdict, Verdict::yes);
  EXPECT_EQ(vouch("plain", "no", {}, {"mirror.example"}).verdict, Verdict::yes);
}

TEST_F(MirrorsTest, ForTagsAreNotAskedForAnImage) {
  EXPECT_EQ(vouch("yes", "no", {}, {}, "pull-from-mirror = 'tag-only'\n").verdict, Verdict::no);
}

TEST_F(EntitlementTest, IsNotHadFromWhatIsBlocked) {
  known_from(at("yes"));
  EntitlementSettings settings{AskPolicy::reachable};
  ASSERT_EQ(text_of(settings.registries.add("[[registry]]\nlocation = 'registry.example'\nblocked = true\n",
                                            "site.conf")),
            "");
  EXPECT_FALSE(Entitlement(grants(), settings, registries).decide(claim(at("yes")), image).granted);
}

TEST_F(EntitlementTest, WithoutTheSitesWordIsAsWithoutTheRegistry) {
  known_from(at("yes"));
  EntitlementSettings settings{AskPolicy::reachable};
  settings.registries_error = "site.conf:1: unknown key";
  EXPECT_FALSE(Entitlement(grants(), settings, registries).decide(claim(at("yes")), image).granted);
  granted_before(at("yes"));
  EXPECT_THAT(Entitlement(grants(), settings, registries).decide(claim(at("yes")), image).text,
              HasSubstr("site.conf:1"));
}

// A registry of an attacker's, which says yes to whatever he asks for.
TEST_F(EntitlementTest, IsNotHadFromWhereTheLayersAreNotKnownToComeFrom) {
  const ImageOrigin attackers{"attacker.example", "yes"}, wants_names{"attacker.example", "unauthorized"};
  known_from(at("yes"));
  using Case = std::pair<AskPolicy, std::optional<ImageOrigin>>;
  for (const auto& [policy, before] :
       {Case{AskPolicy::always, std::nullopt}, Case{AskPolicy::reachable, std::nullopt},
        Case{AskPolicy::never, std::nullopt}, Case{AskPolicy::always, elsewhere},
        Case{AskPolicy::reachable, elsewhere}, Case{AskPolicy::always, no_registry}}) {
    granted_before(before);
    EXPECT_FALSE(decide(policy, attackers).granted) << static_cast<int>(policy);
    auto asked = decide(policy, wants_names);
    EXPECT_FALSE(asked.granted || asked.unauthorized) << "it was asked";
    EXPECT_EQ(granted_from(), before);
  }
}

TEST_F(EntitlementTest, NeedsEveryLayerToComeFromThere) {
  ASSERT_EQ(text_of(grants().note_origin(image.layers[0], at("yes"))), "");
  EXPECT_FALSE(decide(AskPolicy::reachable, at("yes")).granted);
  ASSERT_EQ(text_of(grants().note_origin(image.layers[1], at("yes"))), "");
  EXPECT_TRUE(decide(AskPolicy::reachable, at("yes")).granted);
}

TEST_F(EntitlementTest, IsAskedForWhereItWasGrantedWhereverItsLayersComeFrom) {
  for (auto policy : {AskPolicy::always, AskPolicy::reachable}) {
    granted_before(at("yes"));
    EXPECT_TRUE(decide(policy, at("yes")).granted) << static_cast<int>(policy);
  }
}

TEST_F(EntitlementTest, IsNotHadByNamingNoRegistry) {
  known_from(at("yes"));
  using Case = std::pair<AskPolicy, std::optional<ImageOrigin>>;
  for (const auto& [policy, before] :
       {Case{AskPolicy::always, std::nullopt}, Case{AskPolicy::reachable, std::nullopt},
        Case{AskPolicy::never, std::nullopt}, Case{AskPolicy::always, at("yes")},
        Case{AskPolicy::reachable, at("yes")}, Case{AskPolicy::always, no_registry}}) {
    granted_before(before);
    auto decision = decide(policy, no_registry);
    EXPECT_FALSE(decision.granted || decision.unauthorized) << static_cast<int>(policy);
    EXPECT_EQ(granted_from(), before);
  }
}

TEST_F(EntitlementTest, OfAContainerThatWasMadeIsNotAskedFor) {
  known_from(at("no"));
  auto kept = claim(at("no"));
  kept.kept = true;
  auto decision = decide(AskPolicy::always, kept);
  EXPECT_FALSE(decision.granted) << "nothing is kept";
  ASSERT_EQ(text_of(grants_of(other_user).keep(image.digest, "/home/other/a")), "");
  EXPECT_FALSE(decide(AskPolicy::always, kept).granted) << "another user's";
  ASSERT_EQ(text_of(grants().keep(image.digest, "/home/user/a")), "");
  for (auto policy : {AskPolicy::always, AskPolicy::reachable, AskPolicy::never}) {
    granted_before(at("no"));
    decision = decide(policy, kept);
    EXPECT_TRUE(decision.granted && decision.text.empty());
    EXPECT_EQ(granted_from(), at("no")) << "it was asked";
  }
  kept.kept = false;
  EXPECT_FALSE(decide(AskPolicy::always, kept).granted) << "a new container";
}

TEST_F(EntitlementTest, IsAskedForOverPlainHttpOnlyWhereTheSiteSaysSo) {
  known_from(at("plain"));
  for (const std::set<std::string>& registries_of_site :
       {std::set<std::string>{}, {"other.example"}, {"registry.example:80"}, {"REGISTRY.example"}}) {
    EXPECT_FALSE(
        entitlement(AskPolicy::reachable, registries_of_site).decide(claim(at("plain")), image).granted);
    EXPECT_EQ(granted_from(), std::nullopt);
  }
  granted_before(at("plain"));
  auto kept = decide(AskPolicy::reachable, at("plain"));
  EXPECT_TRUE(kept.granted);
  EXPECT_EQ(kept.text,
            "registry registry.example could not be asked by https: it said plain; plain http counts where "
            "http_registries in plugstack.conf names it");
  EXPECT_TRUE(entitlement(AskPolicy::reachable, {"other.example", "registry.example"})
                  .decide(claim(at("plain")), image)
                  .granted);
}

TEST_F(EntitlementTest, IsAskedForAsTheUserSaidIt) {
  auto answer = entitlement(AskPolicy::reachable, {"plain.example:5000"})
                    .vouch({"plain.example:5000", "what"}, image.digest, "Basic abc");
  EXPECT_EQ(answer.verdict, Verdict::no);
  EXPECT_EQ(answer.text, "http://plain.example:5000 " + image.digest.text() + " Basic abc");
  answer = entitlement(AskPolicy::reachable).vouch(at("what"), image.digest, "");
  EXPECT_EQ(answer.text, "https://registry.example " + image.digest.text() + " ");
}

TEST_F(EntitlementTest, WithoutARegistryNobodyIsAsked) {
  auto answer = entitlement(AskPolicy::reachable).vouch(no_registry, image.digest, "");
  EXPECT_EQ(answer.verdict, Verdict::no_https);
}

class RegistriesTest : public EntitlementTest {
 protected:
  VouchReply ask(const std::string& repository) {
    return registries.ask({at(repository), false, image.digest, {}});
  }
};

TEST_F(RegistriesTest, AreAskedByOneProcessUntilItIsDismissed) {
  registries.prepare();
  auto first = ask("whom").text;
  registries.prepare();
  EXPECT_EQ(ask("whom").text, first);
  registries.dismiss();
  auto pid = parse_number<pid_t>(first);
  ASSERT_TRUE(pid) << first;
  EXPECT_EQ(::kill(*pid, 0), -1);
  EXPECT_EQ(ask("yes").verdict, Verdict::yes);
}

TEST_F(RegistriesTest, CountAsUnreachableWhereTheProcessFails) {
  for (const char* failure : {"die", "nonsense"}) {
    auto answer = ask(failure);
    EXPECT_EQ(answer.verdict, Verdict::unreachable) << failure;
    EXPECT_NE(answer.text, "") << failure;
    EXPECT_EQ(ask("yes").verdict, Verdict::yes) << "by another process";
  }
}

TEST_F(RegistriesTest, CountAsUnreachableWhereTheProgramIsMissing) {
  Registries none(path("missing"));
  none.prepare();
  auto answer = none.ask({at("yes"), false, image.digest, {}});
  EXPECT_EQ(answer.verdict, Verdict::unreachable);
  EXPECT_THAT(answer.text, HasSubstr("pyxis-vouch"));
}

}  // namespace
}  // namespace pyxis
