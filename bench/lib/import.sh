# shellcheck shell=bash
# An image of a registry becomes an image file.

measure_import() {
    say "importing ${PYXIS_BENCH_RUNS:-3} times with each"
    imports_in_turn | tee "$files/import-times" >&2
    report_ratio "import into a zstd squashfs" "Pyxis" "skopeo + umoci + mksquashfs" "at least 3" <"$files/import-times"
    report_memory
}

# "PYXIS OTHERS" in microseconds, a line per run.
imports_in_turn() {
    local i ours theirs
    for ((i = 0; i < ${PYXIS_BENCH_RUNS:-3}; i++)); do
        ours=$(timed_import import_with_pyxis)
        theirs=$(timed_import import_with_others)
        echo "$ours $theirs"
    done
}

timed_import() { # FUNCTION, which gives a script
    take_disk
    as_alice bash -ec "$clock"'
        cd "$1"; a=$(now); eval "$2" >log 2>&1 || { cat log >&2; exit 1; }; echo $(($(now) - a))' - "$files/import" "$("$1")"
    give_disk_back
}

# Each run has an empty file system of its own, as compute nodes have them: with a journal. Without one, ext4 passes over
# all files that were deleted in the last minutes when it makes a new one, and every run would slow down the next.
take_disk() {
    mkdir -p "$files/import"
    truncate -s 14G "$files/disk"
    mkfs.ext4 -q -F -m 0 "$files/disk"
    mount -o loop "$files/disk" "$files/import"
    chown alice "$files/import"
}

give_disk_back() {
    umount "$files/import"
    rm "$files/disk"
}

import_with_pyxis() {
    echo "ENROOT_DATA_PATH=\$PWD/store pyxis import -o large.sqsh docker://$registry#large"
}

# Level and block size are those of our default (ENROOT_SQUASH_OPTIONS in docs/user.md).
import_with_others() {
    cat <<END
skopeo copy --quiet --src-tls-verify=false docker://$registry/large:latest oci:image:large
umoci unpack --rootless --image image:large bundle
mksquashfs bundle/rootfs large.sqsh -comp zstd -Xcompression-level 3 -b 128K -all-root -no-progress -quiet
END
}

report_memory() {
    take_disk
    as_alice bash -c 'cd "$1" && ENROOT_DATA_PATH=$PWD/store "$2" pyxis import -o large.sqsh "docker://$3#large"' - \
        "$files/import" "$repo/bench/lib/peak-memory" "$registry"
    give_disk_back
}
