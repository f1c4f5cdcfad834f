#include "base/program_output.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/pipe.h"

namespace pyxis {

Result<ProgramOutput> output_of(SpawnRequest request, size_t limit,
                                std::optional<std::chrono::seconds> patience) {
  auto pipe = TRY(make_pipe());
  auto null = TRY(open_path("/dev/null", O_RDONLY));
  request.descriptors.emplace_back(null.get(), STDIN_FILENO);
  request.descriptors.emplace_back(pipe.writer.get(), STDOUT_FILENO);
  auto child = TRY(spawn(request));
  pipe.writer.reset();
  ProgramOutput output;
  if (patience) {
    auto status = child.end_within(*patience);
    if (!status) return sys_error(request.program, ETIMEDOUT);
    output.status = *status;
  }
  output.text = TRY_CONTEXT(read_fd(pipe.reader.get(), limit), "answer of " + request.program);
  if (!patience) output.status = TRY(child.wait());
  return output;
}

}  // namespace pyxis
