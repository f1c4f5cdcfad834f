#include "sandbox/child_report.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <exception>

#include "base/pipe.h"
#include "sandbox/userns.h"

namespace pyxis {
namespace {

Result<ChildAnswer> guarded(const std::function<Result<ChildAnswer>()>& work) {
  try {
    return work();
  } catch (const std::exception& problem) {
    return fail(problem.what());
  }
}

Result<void> send_answer(int socket, const Result<ChildAnswer>& answer) {
  MessageWriter writer;
  writer.number(answer.ok());
  std::vector<int> descriptors;
  if (answer.ok()) {
    writer.text(answer->body);
    for (const auto& fd : answer->descriptors) descriptors.push_back(fd.get());
  } else {
    writer.text(answer.error().message);
    writer.text(answer.error().remedy);
    writer.number(static_cast<uint64_t>(answer.error().code));
  }
  return send_message(socket, writer.take(), descriptors);
}

[[noreturn]] void child_main(Fd socket, pid_t parent, bool own_pids,
                             const std::function<Result<ChildAnswer>()>& work,
                             const std::function<void(Fd)>& afterwards) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!own_pids && ::getppid() != parent) ::_exit(1);  // it died before the line above
  bool done = false;
  {
    auto answer = guarded(work);
    done = send_answer(socket.get(), answer).ok() && answer.ok();
  }
  if (done && afterwards) afterwards(std::move(socket));
  ::_exit(0);
}

Result<ChildAnswer> read_answer(int socket) {
  auto message = TRY(receive_message(socket));
  MessageReader reader(message.body);
  if (TRY(reader.number()) != 0) return ChildAnswer{TRY(reader.text()), std::move(message.descriptors)};
  Error error;
  error.message = TRY(reader.text());
  error.remedy = TRY(reader.text());
  error.code = static_cast<int>(TRY(reader.number()));
  return error;
}

}  // namespace

Result<ChildAnswer> NamespaceChild::answer() {
  auto answer = read_answer(socket.get());
  if (answer.ok() || answer.error().code != ECONNRESET) return answer;
  return fail("the process that prepares the container " + describe_wait_status(TRY(process.wait())));
}

Result<NamespaceChild> start_namespace_child(const std::vector<Namespace>& kinds,
                                             const std::function<Result<ChildAnswer>()>& work,
                                             const std::function<void(Fd)>& afterwards) {
  auto [ours, theirs] = TRY(make_socket_pair());
  pid_t parent = ::getpid();
  bool own_pids = false;
  for (auto kind : kinds) own_pids |= kind == Namespace::pid;
  pid_t pid = TRY(fork_into_namespaces(kinds));
  if (pid == 0) {
    ours.reset();
    child_main(std::move(theirs), parent, own_pids, work, afterwards);
  }
  return NamespaceChild{Child(pid), std::move(ours)};
}

}  // namespace pyxis
