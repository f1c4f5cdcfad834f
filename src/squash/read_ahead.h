// Reads ahead what a list names, into the kernel's caches of a mount that this process serves.
//
// Two kinds of threads share the work. Those that look names up wait for answers of this process, like
// everybody who uses the mount, and in the kernel some of that waiting cannot be interrupted. Would they have
// the device of the mount open, then a server that is killed could not end: it would wait for an answer of
// its own, the device would never be closed, and whoever waits for this server would wait for good. So they
// have a table of descriptors of their own, without it. The others decode blocks and hand them to the kernel.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
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
  // All but the plan stays the caller's. `log`: what was asked for meanwhile is left out. To be made before
  // requests are answered, and before there are other descriptors of the device than the session's.
  ReadAhead(ReadAheadPlan plan, const SquashReader& image, fuse_session* session, ReadLog& log,
            unsigned threads);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

 private:
  struct Content {  // to be told to the kernel
    uint64_t number;
    const std::vector<ReadList::Range>* ranges;
  };
  void start(void (ReadAhead::*work)(), unsigned threads);
  void run(void (ReadAhead::*work)()) noexcept;
  bool leave_device();
  void look_up_all();
  void look_up(int top, const ReadList::Item& item, std::vector<char>& buffer);
  void store_all();
  bool next(Content& content);
  void store(const Content& content, std::vector<char>& buffer);
  bool store_block(uint64_t number, const SquashReader::Inode& inode, uint64_t index,
                   std::vector<char>& buffer);
  bool over();
  bool is_first(uint64_t number, uint64_t index);

  ReadAheadPlan plan_;
  const SquashReader& image_;
  fuse_session* session_;
  ReadLog& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned starting_ = 0, looking_up_ = 0;          // threads that look up
  std::deque<Content> found_;                       // in the order of the list
  std::set<std::pair<uint64_t, uint64_t>> blocks_;  // done or being done: number and index
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pyxis
