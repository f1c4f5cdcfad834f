// What somebody may have meant who wrote a name that there is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pyxis {

// The candidate that is the fewest letters away, to insert, remove or replace, and not more than two; empty
// where there is none.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// "; did you mean 'NAME'?", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace pyxis
