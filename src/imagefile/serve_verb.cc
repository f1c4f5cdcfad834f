#include "imagefile/serve_verb.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "base/text.h"
#include "contract/message.h"
#include "engine/image_server.h"
#include "engine/import_news.h"
#include "imagefile/confine.h"
#include "imagefile/limits.h"
#include "imagefile/processors.h"
#include "squash/reader.h"
#include "squash/serve.h"

namespace pyxis {
namespace {

// srun waits for everybody who holds a task's output, and a step's signals are for its tasks: this process
// ends with what it serves.
void detach_from_task() {
  ::setsid();
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int standard : {0, 1, 2}) ::dup2(null.get(), standard);
  ::prctl(PR_SET_NAME, "pyxis-image");
  [[maybe_unused]] int changed = ::chdir("/");
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
}

// Whoever made the container holds the other end of the socket until its end, and then sends nothing more.
bool container_is_gone() {
  char byte;
  return ::recv(import_news_fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) == 0;
}

// Whoever waits for the container to be made finds the reason on the socket.
[[noreturn]] void give_up(const Error& error) {
  (void)send_message(import_news_fd,
                     ImportNews{ImportNews::Kind::failed, error.message, error.remedy, error.code}.encode());
  ::_exit(1);
}

// The list that came with the image, where one did.
class KeptList {
 public:
  KeptList() : file_(::fcntl(image_reads_fd, F_GETFD) >= 0 ? image_reads_fd : -1) {}

  ReadList read() const {
    auto text = read_fd(file_.get(), read_list_max_text);
    return text.ok() ? ReadList::decode(*text) : ReadList();
  }
  void write(const ReadList& list) const {
    auto text = list.encode();
    if (text.size() > read_list_max_text || ::lseek(file_.get(), 0, SEEK_SET) != 0) return;
    if (::ftruncate(file_.get(), 0) == 0) (void)write_all(file_.get(), text);
  }

 private:
  Fd file_;
};

}  // namespace

Result<std::string> serve_verb(std::span<char* const> arguments, Reporter&) {
  ServeOptions options;
  auto uid = parse_number<unsigned>(arguments[1]), gid = parse_number<unsigned>(arguments[2]);
  if (!uid || !gid) return sys_error("serve", EINVAL);
  options.uid = *uid;
  options.gid = *gid;
  // With at least two threads, one that waits for the disk does not hold up all.
  options.threads = std::max(2u, usable_processors());
  KeptList kept;
  ReadAheadPlan ahead{kept.read(), {}, container_is_gone};
  ReadLog log(ahead.list);
  options.give_up = give_up;
  detach_from_task();
  TRY(limit_memory(options.threads));
  TRY(confine_to_serving());
  // What follows works on an image that anybody may have written.
  auto image = TRY(SquashReader::open(Fd(image_server_fd), arguments[0]));
  TRY(send_message(import_news_fd, ImportNews{ImportNews::Kind::done, {}, {}, 0}.encode()));
  auto message = receive_message(import_news_fd);
  // Otherwise the sandbox came to nothing: whoever made it has said why.
  if (message.ok() && message->descriptors.size() == 2) {
    ahead.top = std::move(message->descriptors[1]);
    TRY(confine_to_mount(ahead.top.get()));
    TRY(serve_image(*image, std::move(message->descriptors[0]), options, log, std::move(ahead)));
    if (auto learned = log.learned()) kept.write(*learned);
  }
  // The socket stays open until here: its closing tells that nothing is served any more.
  ::_exit(0);
}

}  // namespace pyxis
