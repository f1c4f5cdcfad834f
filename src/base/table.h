// Columns of text, for people.
#pragma once

#include <string>
#include <vector>

namespace pyxis {

using TableRow = std::vector<std::string>;

// A line for each row: columns as wide as their longest text, two blanks apart. Rows may end early.
std::string table_text(const std::vector<TableRow>& rows);

}  // namespace pyxis
