#include "store/read_lists.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_fixture.h"

namespace pyxis {
namespace {

using testing::text_of;

class ReadLists : public testing::StoreTest {
 protected:
  Fd image(const std::string& name) {
    auto path = store().path() + "/../" + name;
    auto file = open_path(path, O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(text_of(file), "");
    return std::move(*file);
  }
  // Writes `text`, if any, and gives what the list had before.
  std::string exchange(const Fd& image, const std::string& text = {}) {
    auto list = open_read_list(store(), image.get());
    EXPECT_EQ(text_of(list), "");
    auto before = read_fd(list->get());
    if (!text.empty()) {
      EXPECT_EQ(text_of(write_all(list->get(), text)), "");
    }
    return before.ok() ? *before : "unreadable";
  }
  size_t count() { return list_directory(open_path(store().path() + "/reads", O_RDONLY)->get())->size(); }
};

TEST_F(ReadLists, EachImageFileHasOneOfItsOwn) {
  auto a = image("a"), b = image("b");
  EXPECT_EQ(exchange(a, "of a"), "");
  EXPECT_EQ(exchange(b, "of b"), "");
  EXPECT_EQ(exchange(a), "of a");
  EXPECT_EQ(exchange(b), "of b");
}

TEST_F(ReadLists, AnImageFileThatWasChangedHasAnotherOne) {
  auto a = image("a");
  exchange(a, "of a");
  ASSERT_EQ(text_of(write_all(a.get(), "more")), "");
  EXPECT_EQ(exchange(a), "");
}

TEST_F(ReadLists, ThereAreNotMoreAndMore) {
  for (int i = 0; i < 300; ++i) {
    auto file = image("image");
    ASSERT_EQ(::ftruncate(file.get(), i), 0);
    exchange(file, "list");
  }
  EXPECT_EQ(count(), 256u);
}

TEST_F(ReadLists, OneThatIsOpenedStaysThoughNobodyWritesIt) {
  auto a = image("a");
  exchange(a, "of a");
  auto old = [&] {
    auto reads = open_path(store().path() + "/reads", O_RDONLY);
    const timespec long_ago[2] = {{1, 0}, {1, 0}};
    auto names = list_directory(reads->get());
    for (const auto& name : *names) ASSERT_EQ(::utimensat(reads->get(), name.c_str(), long_ago, 0), 0);
  };
  for (int i = 1; i < 256; ++i) {
    auto file = image("image");
    ASSERT_EQ(::ftruncate(file.get(), i), 0);
    exchange(file, "list");
  }
  old();
  EXPECT_EQ(exchange(a), "of a");
  for (int i = 1000; i < 1255; ++i) {
    auto file = image("image");
    ASSERT_EQ(::ftruncate(file.get(), i), 0);
    exchange(file, "list");
  }
  EXPECT_EQ(exchange(a), "of a");
}

}  // namespace
}  // namespace pyxis
