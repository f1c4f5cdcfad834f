// Turns of several at one layer. Whoever is slow loses it after 20 seconds, which no test waits for.
#include "storage/turn.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>

#include "../store/store_fixture.h"
#include "base/pipe.h"

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::Contains;
using ::testing::EndsWith;
using testing::in_child;
using ::testing::Not;
using testing::text_of;

// Less than the patience with a slow one: whoever takes over from it comes too late.
constexpr std::chrono::seconds deadline{10};

// What one who waits is told.
class News {
 public:
  void add(uint64_t done, uint64_t total) {
    std::lock_guard hold(mutex_);
    told_.emplace_back(done, total);
    changed_.notify_all();
  }
  bool comes(uint64_t done, uint64_t total) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, deadline,
                             [&] { return std::ranges::count(told_, std::pair(done, total)) > 0; });
  }
  bool none() {
    std::lock_guard hold(mutex_);
    return told_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<uint64_t, uint64_t>> told_;
};

class TurnTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    renew_blob();
  }
  void renew_blob() {
    auto pipe = make_pipe();
    ASSERT_EQ(text_of(pipe), "");
    blob = std::move(*pipe);
  }
  Result<Turn> take(News& news, const Digest& what) {
    return Turn::take(store(), what, blob.reader.get(),
                      [&](uint64_t done, uint64_t total) { news.add(done, total); });
  }
  Result<Turn> take(News& news) { return take(news, layer); }
  std::future<Result<Turn>> taken_later(News& news) {
    return std::async(std::launch::async, [&] { return take(news); });
  }
  static bool over(std::future<Result<Turn>>& turn, std::chrono::seconds limit) {
    return turn.wait_for(limit) == std::future_status::ready;
  }

  const Digest layer = Digest::of("layer");
  Pipe blob;
};

TEST_F(TurnTest, IsHadAtOnceByTheFirst) {
  News news;
  auto first = take(news);
  EXPECT_EQ(text_of(first), "");
  EXPECT_TRUE(news.none());
}

TEST_F(TurnTest, IsOneForEachLayer) {
  News of_first, of_other;
  auto first = take(of_first);
  ASSERT_EQ(text_of(first), "");
  first->progress(1, 10);  // or nothing would be told that one has to wait
  EXPECT_EQ(text_of(take(of_other, Digest::of("other layer"))), "");
  EXPECT_TRUE(of_other.none());
}

TEST_F(TurnTest, ComesToTheNextWhoIsToldMeanwhileHowFarItIs) {
  News of_first, of_second, of_third;
  auto first = take(of_first);
  ASSERT_EQ(text_of(first), "");
  first->progress(1, 10);
  auto second = taken_later(of_second);
  EXPECT_TRUE(of_second.comes(1, 10)) << "said before it came";
  first->progress(2, 10);
  EXPECT_TRUE(of_second.comes(2, 10));
  EXPECT_FALSE(over(second, std::chrono::seconds(0)));
  first = fail("it has ended");
  ASSERT_TRUE(over(second, deadline));
  auto now = second.get();
  ASSERT_EQ(text_of(now), "");
  // It is a turn like the first.
  auto third = taken_later(of_third);
  now->progress(3, 10);
  EXPECT_TRUE(of_third.comes(3, 10));
  EXPECT_FALSE(over(third, std::chrono::seconds(0)));
  now = fail("it has ended");
  ASSERT_TRUE(over(third, deadline));
  EXPECT_EQ(text_of(third.get()), "");
}

TEST_F(TurnTest, EndsWithItsProcess) {
  auto up = make_pipe(), leash = make_pipe();
  ASSERT_TRUE(up.ok() && leash.ok());
  pid_t pid = ::fork();
  if (pid == 0) {
    leash->writer.reset();
    News news;
    auto turn = take(news);
    if (!turn.ok()) ::_exit(1);
    turn->progress(1, 10);
    if (!write_all(up->writer.get(), ".").ok()) ::_exit(1);
    char byte;
    (void)!::read(leash->reader.get(), &byte, 1);
    ::_exit(0);  // without destructors, as if killed
  }
  Child holder(pid);
  up->writer.reset();
  char byte;
  ASSERT_EQ(::read(up->reader.get(), &byte, 1), 1);
  News news;
  auto next = taken_later(news);
  EXPECT_TRUE(news.comes(1, 10));
  EXPECT_FALSE(over(next, std::chrono::seconds(0)));
  leash->writer.reset();
  ASSERT_TRUE(over(next, deadline));
  EXPECT_EQ(text_of(next.get()), "");
}

// In a child: what waits for the lock does so for as long as the process lives.
TEST_F(TurnTest, IsNotWaitedForWhereNobodyBringsTheLayerAnyMore) {
  in_child([&] {
    renew_blob();  // the parent is a writer of the other
    News of_first, of_second;
    auto first = take(of_first);
    ASSERT_EQ(text_of(first), "");
    Fd other_writer(::fcntl(blob.writer.get(), F_DUPFD_CLOEXEC, 0));
    auto second = taken_later(of_second);
    blob.writer.reset();
    first->progress(1, 10);
    EXPECT_TRUE(of_second.comes(1, 10)) << "one writer is left";
    other_writer.reset();
    EXPECT_TRUE(over(second, deadline));
    EXPECT_EQ(code_of(second.get()), ECANCELED);
  });
}

TEST_F(TurnTest, IsNotKeptByOneWhoWentAway) {
  in_child([&] {
    renew_blob();  // the parent is a writer of the other
    News of_first, of_second, of_third;
    auto first = take(of_first);
    ASSERT_EQ(text_of(first), "");
    auto second = taken_later(of_second);
    first->progress(1, 10);
    EXPECT_TRUE(of_second.comes(1, 10));
    blob.writer.reset();
    EXPECT_EQ(code_of(second.get()), ECANCELED);
    renew_blob();
    auto third = taken_later(of_third);
    EXPECT_TRUE(of_third.comes(1, 10));
    first = fail("it has ended");
    EXPECT_TRUE(over(third, deadline));
    EXPECT_EQ(text_of(third.get()), "");
    EXPECT_THAT(names("store/locks"), Not(Contains(EndsWith(".1")))) << "it was waited for in vain";
  });
}

}  // namespace
}  // namespace pyxis
