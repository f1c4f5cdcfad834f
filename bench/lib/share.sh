# shellcheck shell=bash
# One store for all users of a node: what a second user waits for, and what the disk holds.

measure_share() {
    local times node_store=$PYXIS_CLUSTER_DIR/node1/shared-store
    say "importing the image as alice"
    as_alice srun --container-image="$registry/large" true
    times=$(starts_of_bob)
    awk -v runs="$(wc -l <<<"$times")" -v p="$(median 1 <<<"$times")" -v w="$(median 2 <<<"$times")" -v f="$(median 3 <<<"$times")" 'BEGIN {
        printf "start of large, which alice has imported: bob'\''s first %.1f ms, his later ones %.1f ms: ratio %.2f (wanted: at most 1.3; medians of %d)\n",
               f / 1000, w / 1000, f / w, runs
        printf "  srun true takes %.1f ms of each; of what is added the ratio is %.2f\n", p / 1000, (f - p) / (w - p) }'
    du -s --block-size=1M "$node_store/shared/layers" "$node_store"/users/* |
        awk '$2 ~ /layers$/ { layers = $1; next } { own += $1 } END { printf "on disk: layers %d MiB, once; all users'\'' own stores %d MiB\n", layers, own }'
}

# "PLAIN WARM FIRST" in microseconds, a line per run. Each first start is one of a user whose store and rights are gone.
starts_of_bob() {
    local i
    as_bob srun --container-image="$registry/large" true
    for ((i = 0; i < ${PYXIS_BENCH_RUNS:-10}; i++)); do
        echo "$(times_of_bob) $(forget_bob "$i" && times_of_bob)" | awk '{ print $1, $2, $4 }'
    done
    rm -rf "$files"/forgotten.*
}

# "PLAIN CONTAINER": one after the other, so that what the end of a job takes hits both kinds of start alike.
times_of_bob() {
    as_bob bash -ec "$clock"'a=$(now); srun true; b=$(now); srun --container-image="$1" true; echo $((b - a)) $(($(now) - b))' - "$registry/large"
}

# His last step may still be clearing up: what was his goes out of the way as it is.
forget_bob() { # RUN
    local uid kind
    uid=$(id -u bob)
    mkdir "$files/forgotten.$1"
    mv "$node_store/users/$uid" "$files/forgotten.$1/store"
    for kind in grants proven kept; do mv "$node_store/shared/$kind/$uid" "$files/forgotten.$1/$kind"; done
}
