#include "sandbox/fstab.h"

#include <gmock/gmock.h>

#include "support.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Options = std::vector<std::string>;

const Environment environment = Environment::from({"HOME=/home/a b", "EMPTY=", "OPTIONS=ro,nosuid"});

MountEntry one(std::string_view line) {
  auto entries = parse_fstab(line, environment, "x");
  EXPECT_EQ(text_of(entries), "");
  EXPECT_EQ(entries.ok() ? entries->size() : 0, 1u);
  return entries.ok() && !entries->empty() ? entries->front() : MountEntry{};
}

std::string error_of(std::string_view text) {
  return text_of(parse_fstab(text, environment, "site.fstab"));
}

TEST(Fstab, AllFields) {
  EXPECT_EQ(one("tmpfs /tmp tmpfs size=1G,nodev 0 -1"),
            (MountEntry{"tmpfs", "/tmp", "tmpfs", {"size=1G", "nodev"}, -1}));
}

TEST(Fstab, TrailingFieldsAreOptional) {
  EXPECT_EQ(one("/a"), (MountEntry{"/a", "/a", "none", {"x-create=auto", "rbind"}, 0}));
  EXPECT_EQ(one("/a\t/b"), (MountEntry{"/a", "/b", "none", {"x-create=auto", "rbind"}, 0}));
  EXPECT_EQ(one("proc /proc proc"), (MountEntry{"proc", "/proc", "proc", {}, 0}));
  EXPECT_EQ(one("/a /b none bind"), (MountEntry{"/a", "/b", "none", {"bind"}, 0}));
}

TEST(Fstab, CommentsAndBlankLines) {
  auto entries = parse_fstab("# one\n\n  # two\r\n/a /b\r\n", environment, "x");
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ(entries->front().target, "/b");
}

TEST(Fstab, EscapesAndVariablesGiveFinalText) {
  EXPECT_EQ(one("/a\\040b\\134c /t").source, "/a b\\c");
  EXPECT_EQ(one("${HOME}/x ${HOME}").source, "/home/a b/x");
  EXPECT_EQ(one("/a /b none ${OPTIONS},bind").options, (Options{"ro", "nosuid", "bind"}));
  EXPECT_EQ(one("/a\\044{HOME} /b").source, "/a${HOME}");
  EXPECT_EQ(one("/a\\9 /b").source, "/a\\9");
  EXPECT_EQ(one("/a${HOME /b").source, "/a${HOME");
}

TEST(Fstab, QuotedCommas) {
  EXPECT_EQ(one("t /t tmpfs context=\"a,b\",ro").options, (Options{"context=a,b", "ro"}));
}

TEST(Fstab, ErrorsNameTheLine) {
  EXPECT_THAT(error_of("/a /b\n${UNSET} /b"), HasSubstr("site.fstab:2: the source is empty"));
  EXPECT_THAT(error_of("/a ${EMPTY}"), HasSubstr("the target is empty"));
  EXPECT_THAT(error_of("/a /b none bind 0 x"), HasSubstr("no number"));
  EXPECT_THAT(error_of("/a /b none bind 0 0 0"), HasSubstr("\\040"));
}

TEST(Fstab, IncompleteLineMayFail) {
  auto entries = parse_fstab("${UNSET} ${UNSET} none bind,nofail", environment, "x");
  ASSERT_TRUE(entries.ok());
  EXPECT_TRUE(entries->empty());
}

TEST(MountArgument, ColonForm) {
  EXPECT_EQ(*parse_mount_argument("/a:/b", environment),
            (MountEntry{"/a", "/b", "none", {"x-create=auto", "rbind"}, 0}));
  EXPECT_EQ(parse_mount_argument("/a", environment)->target, "/a");
  EXPECT_EQ(parse_mount_argument("/a\\:b:/c d", environment)->source, "/a:b");
  EXPECT_EQ(parse_mount_argument("/a:/c d", environment)->target, "/c d");
  EXPECT_EQ(parse_mount_argument("tmpfs:/t:tmpfs:size=1M", environment)->options, Options{"size=1M"});
  EXPECT_FALSE(parse_mount_argument(":/b", environment).ok());
}

TEST(MountRequestEntry, Forms) {
  EXPECT_EQ(from_mount_request("/a", "/b", ""),
            (MountEntry{"/a", "/b", "none", {"x-create=auto", "rbind"}, 0}));
  EXPECT_EQ(from_mount_request("/a", "/b", "ro,rprivate").options,
            (Options{"x-create=auto", "rbind", "ro", "rprivate"}));
  EXPECT_EQ(from_mount_request("/a", "/b", "bind").options, (Options{"x-create=auto", "bind"}));
  EXPECT_EQ(from_mount_request("/a", "/b", "x-create=dir").options, (Options{"rbind", "x-create=dir"}));
  EXPECT_EQ(from_mount_request("tmpfs", "/t", "size=1M"),
            (MountEntry{"tmpfs", "/t", "tmpfs", {"x-create=dir", "size=1M"}, 0}));
  EXPECT_EQ(from_mount_request("umount", "/t", ""), (MountEntry{"umount", "/t", "none", {"x-detach"}, 0}));
}

TEST(Fstab, EntriesKnowWhereTheyWereRead) {
  auto entries = parse_fstab("# comment\n/a /b\n\n/c", environment, "/etc/site.fstab");
  ASSERT_EQ(text_of(entries), "");
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->at(0).origin, "/etc/site.fstab:2");
  EXPECT_EQ(entries->at(1).origin, "/etc/site.fstab:4");
}

TEST(ShippedFstabs, Parse) {
  size_t count = 0;
  std::string_view last;
  for (const auto& file : shipped_fstabs()) {
    EXPECT_LT(last, file.name);
    last = file.name;
    auto entries = parse_fstab(file.text, environment, file.name);
    EXPECT_EQ(text_of(entries), "");
    if (entries.ok()) count += entries->size();
  }
  EXPECT_EQ(count, 7u);
}

}  // namespace
}  // namespace pyxis
