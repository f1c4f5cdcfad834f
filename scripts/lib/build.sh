# shellcheck shell=bash
# Building a preset, quietly: the compiler speaks only if something fails. Needs common.sh.

# On a terminal ninja's count of what is done goes by in one line.
build_and_log() { # PRESET LOG
    if [[ -t 1 ]]; then
        (cd "$repo" && cmake --preset "$1" && cmake --build --preset "$1") 2>&1 | tee "$2" |
            sed -unE 's/^(\[[0-9]+\/[0-9]+\]).*/\r    \1/p' | tr -d '\n'
        local status=${PIPESTATUS[0]}
        printf '\r\033[K'
        return "$status"
    fi
    (cd "$repo" && cmake --preset "$1" && cmake --build --preset "$1") >"$2" 2>&1
}

build_preset() { # PRESET
    local start=$EPOCHREALTIME log=$repo/build/$1.log
    mkdir -p "$repo/build"
    say "building $1: the first time some ten minutes on two cores (its log: build/$1.log)"
    build_and_log "$1" "$log" || {
        tail -n 40 "$log" >&2
        die "building the preset $1 failed" "The end of its log is above, all of it in build/$1.log."
    }
    say "built $1 after $(elapsed_since "$start") s"
}
