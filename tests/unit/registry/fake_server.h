// An HTTP server on a free loopback port that answers as the test says, faults included.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace pyxis::test {

struct ServerRequest {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string header(const std::string& name) const {
    auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

struct ServerResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<size_t> cut;           // send only so many bytes of the body, then close
  bool hang = false;                   // after that, say nothing more until the server ends
  bool silent = false;                 // not even a status line
  bool garbage = false;                // no HTTP at all
  bool endless = false;                // the body again and again, and no length
  std::string endless_head;            // these header lines again and again, and no body
  std::chrono::milliseconds pause{0};  // after each byte of the body, or each time of endless_head
};

class FakeServer {
 public:
  using Handler = std::function<ServerResponse(const ServerRequest&)>;
  // Handlers run on connection threads, one at a time.
  explicit FakeServer(Handler handler);
  ~FakeServer();

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  std::vector<ServerRequest> requests() const;
  int connections() const;  // ever accepted
  // Waits until a response with `hang` has been begun.
  void wait_for_hang();

 private:
  void accept_connections();
  void serve(int fd);
  bool answer(int fd, const ServerRequest& request);
  bool send_slowly(int fd, std::string_view data, size_t piece, std::chrono::milliseconds pause);

  Handler handler_;
  Fd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::mutex handler_mutex_;
  bool ending_ = false;
  int hanging_ = 0, connections_ = 0;
  std::vector<ServerRequest> requests_;
  std::vector<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace pyxis::test
