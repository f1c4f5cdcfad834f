#include "fake_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/text.h"

namespace pyxis::test {
namespace {

bool send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    ssize_t sent = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// One request; false at the end of the connection. `buffer` keeps what belongs to the next one.
bool read_request(int fd, std::string& buffer, ServerRequest& request) {
  std::array<char, 4096> chunk;
  auto more = [&] {
    ssize_t got = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (got > 0) buffer.append(chunk.data(), static_cast<size_t>(got));
    return got > 0;
  };
  size_t end;
  constexpr char tls_handshake = 0x16;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return false;
    if (buffer[0] != tls_handshake) continue;
    send_all(fd, "HTTP/1.0 400 Bad Request\r\n\r\n");
    return false;
  }
  auto lines = split(buffer.substr(0, end), '\n');
  buffer.erase(0, end + 4);
  auto words = split(trim(lines[0]), ' ');
  if (words.size() != 3) return false;
  request.method = words[0];
  request.target = words[1];
  for (size_t i = 1; i < lines.size(); ++i) {
    auto colon = lines[i].find(':');
    request.headers[to_lower(lines[i].substr(0, colon))] = trim(lines[i].substr(colon + 1));
  }
  auto length = parse_number<size_t>(request.header("content-length")).value_or(0);
  while (buffer.size() < length)
    if (!more()) return false;
  request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  return true;
}

}  // namespace

FakeServer::FakeServer(Handler handler) : handler_(std::move(handler)) {
  listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  constexpr int backlog = 64;
  if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), backlog) != 0 ||
      ::getsockname(listener_.get(), generic, &size) != 0)
    throw std::runtime_error("fake server");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_connections(); });
}

FakeServer::~FakeServer() {
  {
    std::lock_guard hold(mutex_);
    ending_ = true;
    for (int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  changed_.notify_all();
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
}

std::vector<ServerRequest> FakeServer::requests() const {
  std::lock_guard hold(mutex_);
  return requests_;
}

int FakeServer::connections() const {
  std::lock_guard hold(mutex_);
  return connections_;
}

void FakeServer::wait_for_hang() {
  std::unique_lock hold(mutex_);
  changed_.wait(hold, [&] { return hanging_ > 0; });
}

void FakeServer::accept_connections() {
  for (;;) {
    int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    std::lock_guard hold(mutex_);
    if (fd < 0 || ending_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    ++connections_;
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void FakeServer::serve(int fd) {
  std::string buffer;
  for (;;) {
    ServerRequest request;
    if (!read_request(fd, buffer, request)) break;
    {
      std::lock_guard hold(mutex_);
      requests_.push_back(request);
    }
    if (!answer(fd, request)) break;
  }
  std::lock_guard hold(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

bool FakeServer::send_slowly(int fd, std::string_view data, size_t piece, std::chrono::milliseconds pause) {
  for (; !data.empty(); data.remove_prefix(std::min(piece, data.size()))) {
    if (!send_all(fd, data.substr(0, piece))) return false;
    if (pause.count() == 0) continue;
    std::unique_lock hold(mutex_);
    if (changed_.wait_for(hold, pause, [&] { return ending_; })) return false;
  }
  return true;
}

// False where the connection is to be closed.
bool FakeServer::answer(int fd, const ServerRequest& request) {
  ServerResponse response;
  {
    std::lock_guard one_at_a_time(handler_mutex_);
    response = handler_(request);
  }
  if (response.garbage) {
    send_all(fd, "\x15\x03 this is not HTTP\r\n\r\n");
    return false;
  }
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " Status\r\n";
  bool has_length = false;
  for (const auto& [name, value] : response.headers) {
    head += name + ": " + value + "\r\n";
    has_length = has_length || to_lower(name) == "content-length";
  }
  if (!has_length && !response.endless)
    head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  auto body = std::string_view(response.body).substr(0, response.cut.value_or(response.body.size()));
  if (request.method == "HEAD") body = {};
  if (!response.endless_head.empty()) {
    bool going = send_all(fd, head);
    while (going)
      going = send_slowly(fd, response.endless_head, response.endless_head.size(), response.pause);
    return false;
  }
  size_t piece = response.pause.count() > 0 ? 1 : body.size();
  bool sent =
      response.silent || (send_all(fd, head + "\r\n") && send_slowly(fd, body, piece, response.pause));
  while (response.endless && sent) sent = send_slowly(fd, body, piece, response.pause);
  if (response.hang || response.silent) {
    std::unique_lock hold(mutex_);
    ++hanging_;
    changed_.notify_all();
    changed_.wait(hold, [&] { return ending_; });
    return false;
  }
  return sent && !response.cut;
}

}  // namespace pyxis::test
