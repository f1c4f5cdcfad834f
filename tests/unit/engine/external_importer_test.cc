#include "engine/external_importer.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/fs.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string problem(std::string_view printed) {
  auto answer = parse_importer_answer(printed);
  return answer.ok() ? "" : answer.error().text();
}

TEST(ImageUri, HasASchemeOrKeepsIts) {
  EXPECT_EQ(image_uri("debian:trixie"), "docker://debian:trixie");
  EXPECT_EQ(image_uri("user@nvcr.io#nvidia/cuda"), "docker://user@nvcr.io#nvidia/cuda");
  EXPECT_EQ(image_uri("docker://debian"), "docker://debian");
  EXPECT_EQ(image_uri("podman://mine"), "podman://mine");
}

TEST(ImporterAnswer, IsAnAbsolutePath) {
  EXPECT_EQ(*parse_importer_answer("/data/x.sqsh\n"), "/data/x.sqsh");
  EXPECT_EQ(*parse_importer_answer("/data/with blank.sqsh"), "/data/with blank.sqsh");
  EXPECT_THAT(problem(""), HasSubstr("printed no path"));
  EXPECT_THAT(problem("\n"), HasSubstr("printed no path"));
  EXPECT_THAT(problem("x.sqsh\n"), HasSubstr("no absolute path: \"x.sqsh\""));
  EXPECT_THAT(problem("done\n/data/x.sqsh\n"), HasSubstr("more than a path: \"done\\x0a/data"));
}

TEST(CollectedLines, AreTheLastOnesAsATerminalWouldShowThem) {
  CollectedLines lines;
  lines.add("one\ntw");
  EXPECT_THAT(lines.take_new(), ElementsAre("one"));
  lines.add("o\r\n10 %\r20 %\rdone\n\nopen");
  EXPECT_THAT(lines.take_new(), ElementsAre("two", "done"));
  EXPECT_THAT(lines.take_new(), IsEmpty());
  EXPECT_THAT(lines.all(), ElementsAre("one", "two", "done", "open"));
  for (int i = 0; i < 1000; ++i) lines.add(std::to_string(i) + "\n");
  EXPECT_EQ(lines.all().size(), 200u);
  EXPECT_EQ(lines.all().back(), "999");
  EXPECT_EQ(lines.take_new().back(), "999");
}

class Importer : public ::testing::Test {
 protected:
  Importer() {
    char name[] = "/tmp/pyxis-importer-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~Importer() override { (void)remove_tree(-100 /* AT_FDCWD */, directory_); }
  ExternalImporter importer(const std::string& script) {
    auto path = directory_ + "/importer";
    std::ofstream(path) << "#!/bin/sh\n" << script;
    ::chmod(path.c_str(), 0755);
    return ExternalImporter(path, {"HERE=" + directory_, "PATH=/usr/bin:/bin"});
  }
  Result<std::string> get(const std::string& script) {
    auto signals = EndSignals::watch();
    return importer(script).get("debian", *signals);
  }
  std::string directory_;
};

TEST_F(Importer, IsAskedForTheUriAndAnswersWithThePath) {
  auto file =
      get("[ \"$1 $2 $#\" = 'get docker://debian 2' ] && echo \"looking\" >&2 && echo \"$HERE/x.sqsh\"");
  ASSERT_TRUE(file.ok()) << file.error().text();
  EXPECT_EQ(*file, directory_ + "/x.sqsh");
}

TEST_F(Importer, FailsWithItsStatusAndWhatItSaid) {
  auto file = get("echo 'no such image' >&2; echo 'ask bob' >&2; exit 3");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().text(),
            "importer " + directory_ + "/importer get exited with status 3\nno such image\nask bob");
}

TEST_F(Importer, IsNamedWhereItsAnswerIsNoneOrItIsNotThere) {
  EXPECT_EQ(get("echo hello").error().text(),
            "importer " + directory_ + "/importer: it printed no absolute path: \"hello\"");
  auto signals = EndSignals::watch();
  EXPECT_THAT(ExternalImporter("/no/such/importer", {}).get("debian", *signals).error().text(),
              HasSubstr("importer /no/such/importer: execute /no/such/importer: No such file"));
}

TEST_F(Importer, IsToldToReleaseWithoutArguments) {
  EXPECT_TRUE(importer("[ \"$*\" = release ]").release().ok());
  EXPECT_THAT(importer("echo 'will not' >&2; exit 1").release().error().text(),
              HasSubstr("/importer release exited with status 1\nwill not"));
}

// What it leaves running holds its output for longer.
TEST_F(Importer, IsWaitedForAndNotItsOffspring) {
  auto file = get("sleep 1000 & echo $! >\"$HERE/pid\"; echo /x");
  ASSERT_TRUE(file.ok());
  int pid = 0;
  std::ifstream(directory_ + "/pid") >> pid;
  ASSERT_GT(pid, 1);
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
}

TEST_F(Importer, IsEndedWithWhatItStartedBySignalsToThisProcess) {
  ASSERT_EQ(::mkfifo((directory_ + "/started").c_str(), 0600), 0);
  sigset_t block, before;  // in every thread: the signal is to be seen by the one that watches
  ::sigemptyset(&block);
  ::sigaddset(&block, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &block, &before);
  std::thread other([&] {
    std::string word;
    std::ifstream(directory_ + "/started") >> word;
    ::kill(::getpid(), SIGTERM);
  });
  auto file =
      get("trap 'echo tidied >\"$HERE/tidied\"; exit 1' TERM; echo up >\"$HERE/started\"; sleep 1000 & wait");
  other.join();
  EXPECT_EQ(file.error().code, ECANCELED);
  auto tidied = read_file(directory_ + "/tidied");
  ASSERT_TRUE(tidied.ok());
  EXPECT_EQ(*tidied, "tidied\n");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);  // it is not delivered any more
}

// It has ended, and a signal has come, before this process looks again.
TEST_F(Importer, ASignalThatComesWhileItEndsIsNotLost) {
  auto file = get(R"(
    watch() {
      while read -r line <"/proc/$1/stat" && [ "${line#*) Z}" = "$line" ]; do :; done
      kill -CONT "$2"
    }
    kill -STOP "$PPID"
    watch $$ "$PPID" >/dev/null 2>&1 &
    kill -TERM "$PPID"
    echo /x)");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ECANCELED);
}

}  // namespace
}  // namespace pyxis
