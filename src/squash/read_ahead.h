// Reads ahead what a list names, into the kernel's caches of a mount that this process serves.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "squash/read_list.h"
#include "squash/reader.h"

struct fuse_session;

namespace pyxis {

struct ReadAheadPlan {
  ReadList list;
  Fd top;  // of the mount, O_PATH: it stays mounted until the list is through. None: nothing is read ahead
  std::function<bool()> abandoned;  // asked again and again: nobody wants the image any more
};

// Works in threads of its own, while others answer the requests that come of it. Its end stops it, and waits
// for requests that were not answered yet. Where threads or memory are short it does less, or nothing.
class ReadAhead {
 public:
  // All but the plan stays the caller's. `log`: what was asked for meanwhile is left out.
  ReadAhead(ReadAheadPlan plan, const SquashReader& image, fuse_session* session, ReadLog& log,
            unsigned threads);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

 private:
  void run() noexcept;
  void work();
  void leave();
  void prepare(const ReadList::Item& item, std::vector<char>& buffer);
  bool store_block(uint64_t number, const SquashReader::Inode& inode, uint64_t index,
                   std::vector<char>& buffer);
  bool over();
  bool is_first(uint64_t number, uint64_t index);

  ReadAheadPlan plan_;
  const SquashReader& image_;
  fuse_session* session_;
  ReadLog& log_;
  std::mutex mutex_;
  std::set<std::pair<uint64_t, uint64_t>> blocks_;  // done or being done: number and index
  std::atomic<size_t> next_ = 0;
  std::atomic<unsigned> users_ = 1;  // of plan_.top
  std::atomic<bool> stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pyxis
