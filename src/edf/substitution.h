// Variables in the texts of environment definition files.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pyxis::edf {

using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// ${NAME} becomes the variable's value, which is not looked at again; ${NAME:-DEFAULT} that of DEFAULT,
// itself expanded, where the variable is unset or empty; $$ becomes $. Errors: a variable that is not set and
// has no default; $NAME without braces, which would be taken for a variable and not be one; other forms of a
// shell's; a result of more than max_text bytes.
Result<std::string> expand(std::string_view text, const Lookup& variables);

constexpr size_t max_text = 64u << 10;

}  // namespace pyxis::edf
