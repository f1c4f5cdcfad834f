# The check that keeps docs/promises.md true.

load helpers

check() { # ROW...
  printf '%s\n' '# Promises' '' '## Section' '' '| promise | tests |' '|---|---|' "$@" >"$BATS_TEST_TMPDIR/promises.md"
  "$repo/scripts/check-promises" "$BATS_TEST_TMPDIR/promises.md"
}

refused() { # TEXT ROW...
  run check "${@:2}"
  assert_failure 1
  assert_line "$BATS_TEST_TMPDIR/promises.md:$1"
}

@test "promises: rows whose tests there are pass" {
  run -0 check '| a \| bar | `cli/promises.bats: promises: rows whose tests there are pass` |' \
    '| two | `unit/base/text_test.cc: Split.KeepsEmptyFields`, `scripts/check-layers: check_exports` |'
  assert_output 'promises: 2, each proved by a test'
}

@test "promises: a test that there is not is named" {
  refused '7: there is no such test: cli/promises.bats: no such name' '| a | `cli/promises.bats: no such name` |'
  refused '7: there is no such test: unit/base/text_test.cc: Split.Nothing' \
    '| a | `unit/base/text_test.cc: Split.KeepsEmptyFields`, `unit/base/text_test.cc: Split.Nothing` |'
  refused '7: there is no such test: cli/nothing.bats: promises: a test that there is not is named' \
    '| a | `cli/nothing.bats: promises: a test that there is not is named` |'
  refused '8: there is no such test: scripts/check-layers: check_nothing' \
    '| a | `scripts/check-layers: check_links` |' '| b | `scripts/check-layers: check_nothing` |'
}

@test "promises: an empty cell is refused, and what is still to be done" {
  refused '7: no test proves this' '| a | |'
  refused '7: a row without a promise' '| | `scripts/check-layers: check_links` |'
  refused '7: still to be done: TODO(somebody)' '| a | TODO(somebody) |'
  refused '7: still to be done: `scripts/check-layers: check_links`, TODO' '| a | `scripts/check-layers: check_links`, TODO |'
}

@test "promises: what is no row or no table is refused" {
  refused "7: a row is '| promise | tests |': | a | b | c |" '| a | b | c |'
  refused "7: a row is '| promise | tests |': a | \`scripts/check-layers: check_links\` |" 'a | `scripts/check-layers: check_links` |'
  refused "7: tests are written in back-quotes, with ', ' between them: scripts/check-layers" '| a | scripts/check-layers |'
  refused '7: a table without rows' ''
  refused '3: a section without a promise' ''
  refused "8: a table begins with '| promise | tests |': | x | y |" '' '| x | y |'
  refused "9: the second line of a table is '|---|---|': | x | y |" '' '| promise | tests |' '| x | y |'
}
