#include "engine/reporter.h"

#include <unistd.h>

#include "base/log.h"
#include "contract/step.h"

namespace pyxis {
namespace {

// Where lines stay (no terminal), one in five seconds says enough.
constexpr unsigned ticks_per_line = 50;

void send_event(int socket, Event::Kind kind, const std::string& text) {
  Event event;
  event.kind = kind;
  event.text = text;
  (void)send_message(socket, event.encode());  // a plugin that went away shows when the answer is sent
}

void write_terminal(const std::string& text) {
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

void TerminalReporter::importing(const std::string& image) {
  log::info("Importing " + image);
}
void TerminalReporter::imported(const std::string& image) {
  log::info("Imported " + image);
}
void TerminalReporter::warn(const std::string& line) {
  log::warn(line);
}

void TerminalReporter::note(const std::string& line) {
  if (drawn_) write_terminal("\r\033[K");
  log::info(line);
}

void TerminalReporter::progress(const std::string& line, bool final) {
  if (log::terminal()) {
    write_terminal("\r\033[K" + (final ? "" : line));
    drawn_ = !final;
    return;
  }
  if (!final && ++ticks_ % ticks_per_line == 0) log::info(line);
}

void EventReporter::importing(const std::string& image) {
  send_event(socket_, Event::Kind::importing, image);
}
void EventReporter::imported(const std::string& image) {
  send_event(socket_, Event::Kind::imported, image);
}
void EventReporter::warn(const std::string& line) {
  send_event(socket_, Event::Kind::log, line);
}

void EventReporter::note(const std::string& line) {
  send_event(socket_, Event::Kind::progress, line);
}

void EventReporter::progress(const std::string& line, bool final) {
  if (!final && ++ticks_ % ticks_per_line == 0) send_event(socket_, Event::Kind::progress, line);
}

}  // namespace pyxis
