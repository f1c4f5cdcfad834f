// Threads that work off what one producer hands them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"

namespace pyxis::squash {

// Tasks run in any order. The first error drops the tasks that have not begun.
class WorkQueue {
 public:
  using Task = std::function<Result<void>()>;

  // At most `backlog` tasks wait; more threads than the system gives is no error.
  WorkQueue(unsigned threads, size_t backlog) : backlog_(backlog) {
    threads_.reserve(threads);
    for (unsigned i = 0; i < threads; ++i) {
      try {
        threads_.emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        break;
      }
    }
  }
  ~WorkQueue() {
    fail_with(sys_error("stopped", ECANCELED));
    (void)finish();
  }
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Waits for room. The error is one of an earlier task.
  Result<void> add(Task task) {
    if (threads_.empty()) return task();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tasks_.size() < backlog_ || error_; });
    if (error_) return *error_;
    tasks_.push_back(std::move(task));
    lock.unlock();
    changed_.notify_all();
    return ok();
  }

  // Waits for all tasks; nothing can be added afterwards.
  Result<void> finish() {
    {
      std::lock_guard lock(mutex_);
      complete_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    if (error_) return *error_;
    return ok();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !tasks_.empty() || complete_; });
      if (tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      changed_.notify_all();
      Result<void> done = sys_error("unpack", ENOMEM);
      try {
        done = task();
      } catch (const std::bad_alloc&) {
      }
      if (!done.ok()) fail_with(std::move(done).error());
    }
  }

  void fail_with(Error error) {
    {
      std::lock_guard lock(mutex_);
      if (!error_) error_ = std::move(error);
      tasks_.clear();
    }
    changed_.notify_all();
  }

  size_t backlog_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool complete_ = false;
  std::optional<Error> error_;
  std::vector<std::thread> threads_;
};

}  // namespace pyxis::squash
