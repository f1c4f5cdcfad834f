#include "contract/answer.h"

#include <fcntl.h>

#include <array>
#include <climits>
#include <string>

#include "base/fs.h"

namespace pyxis {
namespace {

constexpr char finished = '+', failed = '-';  // the first byte; the second is followed by the error's text

}  // namespace

void write_answer(int writer, const Result<void>& outcome) {
  std::string text(1, outcome.ok() ? finished : failed);
  if (!outcome.ok()) text += outcome.error().text();
  (void)write_all(writer, std::string_view(text).substr(0, PIPE_BUF));
}

Result<void> read_answer(int reader, std::chrono::seconds limit) {
  if (!readable_within(reader, limit)) return sys_error("wait for the answer", ETIMEDOUT);
  ::fcntl(reader, F_SETFL, O_NONBLOCK);  // who has a writer may also have opened the reader, and been faster
  std::array<char, PIPE_BUF> text;
  ssize_t got = ::read(reader, text.data(), text.size());
  if (got < 0) return sys_error("read the answer");
  if (got == 0) return sys_error("read the answer", ECONNRESET);
  if (text[0] == finished) return ok();
  return fail(std::string(text.data() + 1, static_cast<size_t>(got) - 1));
}

}  // namespace pyxis
