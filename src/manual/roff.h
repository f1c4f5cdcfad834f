// Text for man(7).
#pragma once

#include <string>
#include <string_view>

namespace pyxis::manual {

// With what roff would take for its own made harmless, and `code` in bold.
std::string roff(std::string_view text);
// The same, as it is: nothing in it is markup.
std::string roff_verbatim(std::string_view text);
// Paragraphs of lines; what is indented is shown as it is.
std::string roff_paragraphs(std::string_view text);

}  // namespace pyxis::manual
