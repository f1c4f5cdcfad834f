# shellcheck shell=bash
# Times in columns, and what is made of them.

# What a shell that measures begins with: now gives microseconds.
# shellcheck disable=SC2034
clock='now() { local t=${EPOCHREALTIME/[.,]/}; printf "%s" "$t"; };'

median() { # COLUMN
    awk -v column="$1" '{ print $column }' | sort -n |
        awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# report_ratio WHAT A-WHAT B-WHAT WANTED: from lines "A B" of microseconds on stdin; the ratio is that of the medians, B to A.
report_ratio() {
    local times a b
    times=$(cat)
    a=$(median 1 <<<"$times")
    b=$(median 2 <<<"$times")
    awk -v what="$1" -v a_is="$2" -v b_is="$3" -v wanted="$4" -v runs="$(wc -l <<<"$times")" -v a="$a" -v b="$b" 'BEGIN {
        printf "%s: %s %.2f s, %s %.2f s: ratio %.2f (wanted: %s; medians of %d)\n",
               what, a_is, a / 1e6, b_is, b / 1e6, b / a, wanted, runs }'
}
