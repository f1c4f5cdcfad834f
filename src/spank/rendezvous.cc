#include "spank/rendezvous.h"

#include <pthread.h>
#include <sys/mman.h>

#include <atomic>
#include <climits>
#include <cstring>
#include <new>

namespace pyxis::spank {

struct Rendezvous::Shared {
  pthread_mutex_t mutex;
  std::atomic<StepState> state = StepState::untouched;
  std::atomic<bool> reported = false;
  std::atomic<bool> entered = false;
  std::atomic<unsigned> ended = 0;
  char control_socket[PATH_MAX] = {};
};

Result<std::unique_ptr<Rendezvous>> Rendezvous::create() {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return sys_error("allocate shared memory");
  auto* shared = new (memory) Shared;
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  ::pthread_mutex_init(&shared->mutex, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
  return std::unique_ptr<Rendezvous>(new Rendezvous(shared));
}

// The mutex is not destroyed: tasks may still use theirs.
Rendezvous::~Rendezvous() {
  ::munmap(shared_, sizeof(Shared));
}

StepState Rendezvous::enter() {
  int code = ::pthread_mutex_lock(&shared_->mutex);
  if (code == EOWNERDEAD) {  // pthread_mutexattr_setrobust(3): the first task died, we hold the lock now
    if (shared_->state == StepState::starting) shared_->state = StepState::interrupted;
    ::pthread_mutex_consistent(&shared_->mutex);
  } else if (code != 0) {
    return StepState::interrupted;
  }
  StepState found = shared_->state;
  if (found == StepState::untouched) {
    shared_->state = StepState::starting;
    return found;  // holding the lock
  }
  ::pthread_mutex_unlock(&shared_->mutex);
  return found;
}

void Rendezvous::publish(StepState state) {
  shared_->state = state;
  ::pthread_mutex_unlock(&shared_->mutex);
}

void Rendezvous::publish_started(bool attached, const std::string& control_socket) {
  size_t length = std::min(control_socket.size(), sizeof shared_->control_socket - 1);
  std::memcpy(shared_->control_socket, control_socket.data(), length);
  publish(attached ? StepState::attached : StepState::started);
}

void Rendezvous::publish_failed(bool interrupted) {
  publish(interrupted ? StepState::interrupted : StepState::failed);
}

StepState Rendezvous::state() const {
  return shared_->state;
}
std::string Rendezvous::control_socket() const {
  return shared_->control_socket;
}
bool Rendezvous::claim_report() {
  return !shared_->reported.exchange(true);
}
void Rendezvous::note_entered() {
  shared_->entered = true;
}
bool Rendezvous::was_entered() const {
  return shared_->entered;
}
bool Rendezvous::last_to_end(unsigned tasks) {
  return ++shared_->ended == tasks;
}

}  // namespace pyxis::spank
