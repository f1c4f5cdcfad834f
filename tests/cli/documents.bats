# The documents say what the program does.

load helpers

@test "the guides' tables of options, of the keys of plugstack.conf and of settings are the program's own" {
  run -0 "$repo/scripts/tables" --check
  assert_output ''
  grep -q '^| `runtime_path=PATH` | `/run/pyxis` |' "$repo/docs/admin.md"
  grep -q '^| `ENROOT_LOGIN_SHELL` | `yes` |' "$repo/docs/admin.md"
  grep -q '^| `--container-workdir=PATH` |.*| `PYXIS_CONTAINER_WORKDIR` |' "$repo/docs/user.md"
}

@test "links in the documents lead somewhere" {
  run -0 "$repo/tests/support/dead_links" "$repo"/*.md "$repo"/docs/*.md
  assert_output ''
  printf '# A\n[b](#c) [d](e.md) [f](#a)\n' >"$BATS_TEST_TMPDIR/x.md"
  run -1 "$repo/tests/support/dead_links" "$BATS_TEST_TMPDIR/x.md"
  assert_output "$BATS_TEST_TMPDIR/x.md: #c
$BATS_TEST_TMPDIR/x.md: e.md"
}

# Words of the program's, as they stand in its source (literals that go on in the next line are one), and of the C library's.
said_by_the_program() { # DOCUMENT: prints what it quotes of messages that nobody says
  python3 - "$repo" "$1" <<'END'
import errno, os, pathlib, re, sys
repo, document = pathlib.Path(sys.argv[1]), sys.argv[2]
source = "\n".join(file.read_text() for file in repo.glob("src/**/*.cc"))
source = re.sub(r'"\s*\n\s*"', "", source)
rows = re.search(r"^\| message has .*\n((?:\|.*\n)+)", (repo / document).read_text(), re.M).group(1).splitlines()[1:]
assert len(rows) > 8, rows
for row in rows:
    for quoted in re.findall(r"`([^`]+)`", row.split("|")[1]):
        # Between its parts are names, and a registry's status.
        for part in re.split(r" ?\.\.\. ?| ?\b[45]\d\d\b.*", quoted):
            if part not in source and part not in map(os.strerror, errno.errorcode):
                print(f"{document}: {part}")
END
}

@test "the messages that the guides explain are the program's" {
  run -0 said_by_the_program docs/user.md
  assert_output ''
  run -0 said_by_the_program docs/admin.md
  # It is Slurm's: slurm/cluster/plugstack.bats has seen it.
  assert_output "docs/admin.md: unrecognized option '--container-image"
}

# --- the manual and what shells complete, made when Pyxis is built ---

manual=$repo/build/release/src/manual/pages

setup() {
  make_home
  COMMANDS=$(pyxis --help | sed -nE '/^Subcommands:/,/^$/s/^  ([a-z]+) .*/\1/p')
  assert [ "$(wc -l <<<"$COMMANDS")" -ge 18 ]
}

teardown() { remove_home; }

options_of() { # [COMMAND]
  pyxis "$@" --help | sed -nE '/^Options:/,/^$/s/^  ((-[a-zA-Z],)?--?[a-zA-Z-]+).*/\1/p' | tr ',' '\n' | grep .
}

@test "every command has a page that renders without a warning and has all of its options" {
  local command option page
  for command in '' $COMMANDS; do
    page=$manual/pyxis${command:+-$command}.1
    run -0 mandoc -Tlint -W warning "$page"
    assert_output ''
    run -0 env MANROFFOPT=-ww MANWIDTH=200 man --warnings -l "$page"
    # shellcheck disable=SC2086
    for option in $(options_of $command); do assert_line --regexp "^ +(.*, )?\\${option}( |,|\$)"; done
  done
}

@test "pyxis(1) has the options of srun, and each command's page" {
  local option command
  run -0 env MANWIDTH=500 man -l "$manual/pyxis.1"
  for command in $COMMANDS; do assert_output --partial "pyxis-$command(1)"; done
  for option in $(grep -ohE '"((no-)?container-[a-z-]+|environment)"' "$repo/src/spank/option_table.cc" | tr -d '"'); do
    assert_line --regexp "^ +--$option(=|\$)"
  done
}

@test "pyxis.conf(5) renders without a warning, and has each key" {
  local key
  run -0 mandoc -Tlint -W warning "$manual/pyxis.conf.5"
  assert_output ''
  run -0 env MANROFFOPT=-ww MANWIDTH=200 man --warnings -l "$manual/pyxis.conf.5"
  for key in $(sed -nE '/^<!-- plugstack/,/^<!-- end/s/^\| `([a-z_]+=).*/\1/p' "$repo/docs/admin.md"); do
    assert_line --regexp "^ +$key"
  done
}

@test "pyxis-settings(5) renders without a warning, and has each setting" {
  local setting settings
  run -0 mandoc -Tlint -W warning "$manual/pyxis-settings.5"
  assert_output ''
  settings=$(sed -nE '/^<!-- settings/,/^<!-- end/s/^\| `([^`]+)`.*/\1/p' "$repo/docs/admin.md")
  assert [ "$(wc -l <<<"$settings")" -ge 30 ]
  run -0 env MANROFFOPT=-ww MANWIDTH=200 man --warnings -l "$manual/pyxis-settings.5"
  for setting in $settings; do assert_line --partial " $setting="; done
}

@test "bash completes the commands, and every option of --help" {
  local command option
  # shellcheck disable=SC2016
  complete='source "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2)); _pyxis; printf "%s\n" "${COMPREPLY[@]}"'
  run -0 bash -c "$complete" - "$manual/pyxis.bash" pyxis ''
  for command in $COMMANDS; do assert_line "$command"; done
  run -0 bash -c "$complete" - "$manual/pyxis.bash" pyxis im
  assert_output $'import\nimages'
  for command in $COMMANDS; do
    run -0 bash -c "$complete" - "$manual/pyxis.bash" pyxis "$command" -
    for option in $(options_of "$command"); do assert_line -- "$option"; done
  done
}

@test "zsh completes the commands, and every option of --help" {
  local command option
  run -0 zsh -f "$repo/tests/support/complete.zsh" "$manual/pyxis.zsh" 'pyxis '
  for command in $COMMANDS; do assert_output --partial "$command"; done
  for command in $COMMANDS; do
    run -0 zsh -f "$repo/tests/support/complete.zsh" "$manual/pyxis.zsh" "pyxis $command -"
    for option in $(options_of "$command"); do assert_output --partial -- "$option"; done
  done
}
