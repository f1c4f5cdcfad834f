#include "contract/answer.h"

#include <gmock/gmock.h>

#include <climits>
#include <string>

namespace pyxis {
namespace {

using std::chrono::seconds;
using ::testing::SizeIs;

class Answer : public ::testing::Test {
 protected:
  Result<void> read(seconds limit = seconds(10)) { return read_answer(pipe.reader.get(), limit); }
  Pipe pipe = std::move(make_pipe()).value();
};

TEST_F(Answer, ComesAsItWasWritten) {
  write_answer(pipe.writer.get(), ok());
  EXPECT_TRUE(read().ok());
  write_answer(pipe.writer.get(), fail("still busy", "wait"));
  EXPECT_EQ(read().error().text(), "still busy; wait");
}

TEST_F(Answer, IsCutOffWhereItIsLong) {
  write_answer(pipe.writer.get(), fail(std::string(1 << 20, 'x')));
  EXPECT_THAT(read().error().text(), SizeIs(PIPE_BUF - 1));
}

TEST_F(Answer, MayNotCome) {
  EXPECT_EQ(read(seconds(0)).error().code, ETIMEDOUT);
  pipe.writer.reset();
  EXPECT_EQ(read().error().code, ECONNRESET);
}

}  // namespace
}  // namespace pyxis
