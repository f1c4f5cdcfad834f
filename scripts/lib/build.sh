# shellcheck shell=bash
# Building a preset, quietly: the compiler speaks only if something fails. Needs common.sh.

build_preset() { # PRESET
    local start=$EPOCHREALTIME log=$repo/build/$1.log
    mkdir -p "$repo/build"
    say "building $1 (its log: build/$1.log)"
    (cd "$repo" && cmake --preset "$1" && cmake --build --preset "$1") >"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        die "building the preset $1 failed" "The end of its log is above, all of it in build/$1.log."
    }
    say "built $1 after $(elapsed_since "$start") s"
}
