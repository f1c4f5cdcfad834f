#include "engine/durability.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "engine/background.h"
#include "store/images.h"

namespace pyxis {

Result<Durability> Durability::begin(const Store& store, const Digest& image) {
  pid_t parent = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return sys_error("fork");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    detach_from_task("pyxis-sync");  // whoever reads this one's output does not wait for a disk
    bool durable = ::getppid() == parent && make_image_durable(store, image).ok();
    ::_exit(durable ? 0 : 1);
  }
  return Durability(store, image, Child(pid));
}

// It cannot be killed in syncfs(2), so it is not waited for.
Durability::~Durability() {
  if (process_.pid() <= 0) return;
  ::kill(process_.pid(), SIGKILL);
  process_.release();
}

// What went wrong there goes wrong here, too, with words.
Result<void> Durability::await() {
  if (TRY(process_.wait()) == 0) return ok();
  return make_image_durable(*store_, image_);
}

}  // namespace pyxis
