# shellcheck shell=bash
# A temporary container of a large image file.

measure_squash_start() {
    local times
    need_image_file
    times=$(starts_in_turn "$large_file")
    awk -v runs="$(wc -l <<<"$times")" -v p="$(median 1 <<<"$times")" -v c="$(median 2 <<<"$times")" 'BEGIN {
        printf "start of an image file: srun true %.1f ms, with the container %.1f ms: ratio %.2f after 30 ms are taken off (wanted: at most 1.5; medians of %d)\n",
               p / 1000, c / 1000, (c - 30000) / p, runs }'
}
