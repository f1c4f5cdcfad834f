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
  bool has(uint64_t done, uint64_t total) {
    std::lock_guard hold(mutex_);
    return std::ranges::count(told_, std::pair(done, total)) > 0;
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
  static constexpr uint64_t bytes = 10;

  Result<Turn> take(News& news, const Digest& what) { return take(news, what, bytes); }
  Result<Turn> take(News& news) { return take(news, layer); }
  std::future<Result<Turn>> taken_later(News& news) {
    return std::async(std::launch::async, [&] { return take(news); });
  }
  // Taken and let go of.
  std::future<bool> taken_for_a_moment(News& news, uint64_t size) {
    return std::async(std::launch::async, [this, &news, size] { return take(news, layer, size).ok(); });
  }
  template <class T>
  static bool over(std::future<T>& turn, std::chrono::seconds limit) {
    return turn.wait_for(limit) == std::future_status::ready;
  }

  const Digest layer = Digest::of("layer");

 private:
  Result<Turn> take(News& news, const Digest& what, uint64_t size) {
    return Turn::take(store(), what, size, [&](uint64_t done, uint64_t total) { news.add(done, total); });
  }
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
  first->progress(1, bytes);  // or nothing would be told that one has to wait
  EXPECT_EQ(text_of(take(of_other, Digest::of("other layer"))), "");
  EXPECT_TRUE(of_other.none());
}

TEST_F(TurnTest, ComesToTheNextWhoIsToldMeanwhileHowFarItIs) {
  News of_first, of_second, of_third;
  auto first = take(of_first);
  ASSERT_EQ(text_of(first), "");
  first->progress(1, bytes);
  auto second = taken_later(of_second);
  EXPECT_TRUE(of_second.comes(1, bytes)) << "said before it came";
  first->progress(2, bytes);
  EXPECT_TRUE(of_second.comes(2, bytes));
  EXPECT_FALSE(over(second, std::chrono::seconds(0)));
  first = fail("it has ended");
  ASSERT_TRUE(over(second, deadline));
  auto now = second.get();
  ASSERT_EQ(text_of(now), "");
  // It is a turn like the first.
  auto third = taken_later(of_third);
  now->progress(3, bytes);
  EXPECT_TRUE(of_third.comes(3, bytes));
  EXPECT_FALSE(over(third, std::chrono::seconds(0)));
  now = fail("it has ended");
  ASSERT_TRUE(over(third, deadline));
  EXPECT_EQ(text_of(third.get()), "");
}

// What an import before has left, of one that failed or of a layer that was removed since, is told nobody.
TEST_F(TurnTest, BeginsWithNothingDone) {
  News news;
  auto before = take(news);
  ASSERT_EQ(text_of(before), "");
  before->progress(9, bytes);
  before = fail("it has ended");
  auto turn = take(news);
  ASSERT_EQ(text_of(turn), "");
  for (const auto& name : names("store/locks")) EXPECT_EQ(read("store/locks/" + name), "");
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
    turn->progress(1, bytes);
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
  EXPECT_TRUE(news.comes(1, bytes));
  EXPECT_FALSE(over(next, std::chrono::seconds(0)));
  leash->writer.reset();
  ASSERT_TRUE(over(next, deadline));
  EXPECT_EQ(text_of(next.get()), "");
}

// How large a layer is says its user, and he may say anything.
TEST_F(TurnTest, IsNotWaitedForByAnotherIdeaOfItsSize) {
  News of_first, of_second, of_third;
  auto first = take(of_first);
  ASSERT_EQ(text_of(first), "");
  first->progress(5, 99);
  auto second = taken_for_a_moment(of_second, bytes), third = taken_for_a_moment(of_third, 99);
  EXPECT_TRUE(of_third.comes(5, 99));
  first->progress(1, bytes);
  EXPECT_TRUE(of_second.comes(1, bytes));
  EXPECT_FALSE(of_second.has(5, 99));
  first = fail("it has ended");
  ASSERT_TRUE(over(second, deadline) && over(third, deadline));
  EXPECT_TRUE(second.get() && third.get());
}

}  // namespace
}  // namespace pyxis
