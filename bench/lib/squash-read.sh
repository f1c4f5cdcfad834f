# shellcheck shell=bash
# Reading from an image file that is served, by programs that run in the container.

measure_squash_read() {
    need_image_file
    make_lists
    local times # of all runs, before anything is made of them: none may have failed
    times=$(reads_in_turn warm_file)
    report_reads "read of all files by 2 tasks, image file in the page cache" <<<"$times"
    times=$(reads_in_turn cold_file)
    report_reads "read of all files by 2 tasks, image file on the disk" <<<"$times"
    times=$(python_in_turn)
    report_ratio "a Python program with numpy and scipy" "unpacked" "from the image file" "at most 1.15" <<<"$times"
}

report_reads() { report_ratio "$1" "Pyxis" "squashfuse" "at least 1.5"; }

# Every other file for each of the two tasks.
make_lists() {
    mount_other
    on_node find "$files/other" -xdev -type f -printf '%P\n' |
        awk -v lists="$files/list" '{ print > (lists "." NR % 2) }'
    unmount_other
    say "$(cat "$files"/list.* | wc -l) files are read"
}

mount_other() {
    on_node mkdir -p "$files/other"
    on_node squashfuse "$large_file" "$files/other"
}
unmount_other() { on_node fusermount3 -u "$files/other"; }

warm_file() { cat "$large_file" >/dev/null; }
cold_file() { dd if="$large_file" iflag=nocache count=0 status=none; }

# "PYXIS SQUASHFUSE" in microseconds, a line per run. Each reads through a mount of its own, so nothing decoded is there.
reads_in_turn() { # warm_file|cold_file
    local i ours theirs
    for ((i = 0; i < ${PYXIS_BENCH_RUNS:-5}; i++)); do
        "$1"
        ours=$(timed_read / --container-image="$large_file" --container-mounts="$files:$files")
        mount_other
        "$1"
        theirs=$(timed_read "$files/other")
        unmount_other
        echo "$ours $theirs"
    done
}

# The tasks' own time: from the first one's beginning to the last one's end.
timed_read() { # TOP SRUN-OPTION...
    as_alice srun -n2 "${@:2}" bash -c "$clock"'
        a=$(now); cd "$1" && xargs -d "\n" cat <"$2.$SLURM_PROCID" >/dev/null || exit; echo "$a $(now)"' - "$1" "$files/list" |
        awk 'NR == 1 || $1 < from { from = $1 } $2 > to { to = $2 } END { if (NR != 2) exit 1; print to - from }'
}

# "UNPACKED FILE" in microseconds: the program's own time, in a step that has just begun. The first run of each is not measured.
python_in_turn() {
    # shellcheck disable=SC2016
    as_alice env clock="$clock" program="$(<"$repo/bench/lib/program.py")" bash -ec '
        run() { srun --container-image="$1" bash -c "$clock"'\''a=$(now); python3 -c "$program" || exit; echo $(($(now) - a))'\''; }
        run "$1" >/dev/null; run "$2" >/dev/null
        for ((i = 0; i < $3; i++)); do
            unpacked=$(run "$1")
            from_file=$(run "$2")
            echo "$unpacked $from_file"
        done
    ' - "$registry/large" "$large_file" "${PYXIS_BENCH_RUNS:-10}"
}
