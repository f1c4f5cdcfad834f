#include "manual/roff.h"

#include "base/text.h"

namespace pyxis::manual {
namespace {

void append(std::string& out, char c) {
  // A line that begins with these is a request.
  if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
  if (c == '\\')
    out += "\\e";
  else if (c == '-')
    out += "\\-";
  else
    out += c;
}

}  // namespace

std::string roff_verbatim(std::string_view text) {
  std::string out;
  for (char c : text) append(out, c);
  return out;
}

std::string roff(std::string_view text) {
  std::string out;
  bool bold = false;
  for (char c : text) {
    if (c == '`')
      out += (bold = !bold) ? "\\fB" : "\\fR";
    else
      append(out, c);
  }
  return out;
}

std::string roff_paragraphs(std::string_view text) {
  std::string out;
  bool example = false;
  for (const auto& line : split(text, '\n')) {
    bool indented = line.starts_with("  ");
    if (indented && !example) out += std::string(out.empty() ? "" : ".PP\n") + ".RS 4\n.nf\n";
    if (example && !indented) out += ".fi\n.RE\n";
    example = indented;
    if (indented)
      out += roff_verbatim(std::string_view(line).substr(2)) + "\n";
    else if (!line.empty())
      out += std::string(out.empty() ? "" : ".PP\n") + roff(line) + "\n";
  }
  return out + (example ? ".fi\n.RE\n" : "");
}

}  // namespace pyxis::manual
