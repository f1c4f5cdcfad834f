#include "base/table.h"

#include <gtest/gtest.h>

namespace pyxis {
namespace {

TEST(Table, HasColumnsAsWideAsTheirLongestText) {
  EXPECT_EQ(table_text({{"NAME", "SIZE"}, {"a", "10 MB"}, {"longer", "1 B"}}),
            "NAME    SIZE\n"
            "a       10 MB\n"
            "longer  1 B\n");
}

TEST(Table, LeavesNoBlanksAtTheEndsOfLines) {
  EXPECT_EQ(table_text({{"A", "B", "C"}, {"1"}, {"", "", "3"}, {"x", "", ""}, {}}),
            "A  B  C\n"
            "1\n"
            "      3\n"
            "x\n"
            "\n");
}

}  // namespace
}  // namespace pyxis
