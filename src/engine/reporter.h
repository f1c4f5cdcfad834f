// Who is told what happens: a terminal, a log, or the plugin at the other end of a socket.
#pragma once

#include <string>

namespace pyxis {

class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void importing(const std::string& image) = 0;
  virtual void imported(const std::string& image) = 0;
  // Something the user should see whatever the circumstances.
  virtual void warn(const std::string& line) = 0;
  // What may be of interest, as where something comes from.
  virtual void note(const std::string&) {}
  // How far it is: called about ten times a second from a thread of its own; `final` once at the end.
  virtual void progress(const std::string& line, bool final) = 0;
};

// For what nobody needs to read.
class NobodyReports : public Reporter {
 public:
  void importing(const std::string&) override {}
  void imported(const std::string&) override {}
  void warn(const std::string&) override {}
  void progress(const std::string&, bool) override {}
};

// Lines on stderr; a bar that redraws itself where stderr is a terminal.
class TerminalReporter : public Reporter {
 public:
  void importing(const std::string& image) override;
  void imported(const std::string& image) override;
  void warn(const std::string& line) override;
  void note(const std::string& line) override;
  void progress(const std::string& line, bool final) override;

 private:
  bool drawn_ = false;
  unsigned ticks_ = 0;
};

// Events to the plugin, see contract/step.h.
class EventReporter : public Reporter {
 public:
  explicit EventReporter(int socket) : socket_(socket) {}
  void importing(const std::string& image) override;
  void imported(const std::string& image) override;
  void warn(const std::string& line) override;
  void note(const std::string& line) override;
  void progress(const std::string& line, bool final) override;

 private:
  int socket_;
  unsigned ticks_ = 0;
};

}  // namespace pyxis
