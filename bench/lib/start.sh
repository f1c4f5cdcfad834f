# shellcheck shell=bash
# What a container adds to the start of a step.

# Both commands in turn. Output: "PLAIN CONTAINER" in microseconds, a line per run. The first start, which
# may import, is not measured.
starts_in_turn() { # IMAGE
    as_alice bash -ec "$clock"'
        srun --container-image="$1" true
        for ((i = 0; i < $2; i++)); do
            a=$(now); srun true; b=$(now); srun --container-image="$1" true; c=$(now)
            echo $((b - a)) $((c - b))
        done' - "$1" "${PYXIS_BENCH_RUNS:-10}"
}

measure_start() {
    local image times
    for image in busybox trixie; do
        times=$(starts_in_turn "$registry/$image")
        awk -v image="$image" -v runs="$(wc -l <<<"$times")" -v p="$(median 1 <<<"$times")" -v c="$(median 2 <<<"$times")" 'BEGIN {
            printf "start of %s, image present: srun true %.1f ms, with the container %.1f ms: adds %.1f ms (medians of %d)\n",
                   image, p / 1000, c / 1000, (c - p) / 1000, runs }'
    done
}
