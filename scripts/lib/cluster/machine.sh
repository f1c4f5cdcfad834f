# shellcheck shell=bash
# A machine of the cluster (head, node1, node2...) is a set of namespaces: network, mounts, host name and processes.
# Its first process (machine-init) holds them and reaps; when that ends, everything in the machine ends, and its
# mounts and its end of the cable go with it. So nothing of a machine can be left behind. `unshare` is used instead of
# `ip netns exec`, which would replace /sys and take the cgroups away that slurmd wants to see.
# Needs common.sh, daemon.sh; reads $dir.

machine_dir() { echo "$dir/$1"; }
node_names() { # COUNT
    local i
    for ((i = 1; i <= $1; i++)); do echo "node$i"; done
}

start_machine() { # MACHINE
    local home
    home=$(machine_dir "$1")
    mkdir -p "$home"
    start_daemon "$home/machine.pid" "$home/machine.log" \
        unshare --net --mount --uts --pid --fork --kill-child --propagation slave \
        bash "$repo/scripts/lib/cluster/machine-init"
    await_line "$home/machine.log" '^ready$' 20 "$home/machine.pid" ||
        die "the namespaces of $1 could not be made" "$(tail -n 3 "$home/machine.log")"
    plug_in "$1" "$(daemon_pid "$home/machine.pid")"
    furnish_machine "$1"
}

# enter_command MACHINE: the words that, put before a command, run it inside MACHINE (in the array `enter`).
enter_command() {
    local pid
    pid=$(daemon_pid "$(machine_dir "$1")/machine.pid") || die "$1 does not run" "Remedy: scripts/cluster up"
    enter=(nsenter "--net=/proc/$pid/ns/net" "--mount=/proc/$pid/ns/mnt" "--uts=/proc/$pid/ns/uts"
        "--pid=/proc/$pid/ns/pid_for_children")
}

in_machine() { # MACHINE COMMAND...
    local enter=()
    enter_command "$1"
    "${enter[@]}" "${@:2}" 9>&-
}

# What a machine has for itself: its name and processes, /run (with /run/pyxis), /dev/shm and /dev/fuse.
furnish_machine() { # MACHINE
    in_machine "$1" hostname "$1"
    in_machine "$1" mount -t proc -o nosuid,nodev,noexec proc /proc
    in_machine "$1" mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
    in_machine "$1" mkdir -m 1777 /run/lock
    in_machine "$1" mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs /dev/shm
    [[ ! -f /etc/hosts ]] || in_machine "$1" mount --bind "$dir/hosts" /etc/hosts
    restore_resolver "$1"
    open_fuse "$1"
}

# The shared store of a node is on the node's own disk.
give_shared_store() { # NODE
    local store
    store=$(machine_dir "$1")/shared-store
    install -d -m 711 "$store"
    mkdir -p -m 711 /var/lib/pyxis
    in_machine "$1" mount --bind "$store" /var/lib/pyxis
}

# As udev makes it on a compute node: everybody can open it. What this machine has is left as it is.
open_fuse() { # MACHINE
    [[ -c /dev/fuse ]] || return 0
    local device
    device=$(machine_dir "$1")/fuse
    [[ -c $device ]] || mknod -m 666 "$device" c 10 229
    in_machine "$1" mount --bind "$device" /dev/fuse
}

# Where resolv.conf is a link into /run (systemd-resolved), the new /run has to have the file.
restore_resolver() { # MACHINE
    local file
    file=$(realpath -m /etc/resolv.conf)
    [[ -f $file && $file == /run/* ]] || return 0
    # shellcheck disable=SC2016
    in_machine "$1" bash -c 'mkdir -p "$(dirname "$0")" && cat >"$0"' "$file" <"$file"
}

# Compute nodes have disks of their own, and that is where a container store belongs. Home directories are shared here, as
# on real clusters, so every node gets its own directory under each test user's ~/.local/share, where the store is by default.
give_local_store() { # NODE USER
    local home store
    home=$(realpath "$(getent passwd "$2" | cut -d: -f6)")
    store=$(machine_dir "$1")/store/$2
    mkdir -p "$(dirname "$store")"
    install -d -m 700 -o "$2" -g "$(id -g "$2")" "$store"
    # The directory is the user's, who may lay a link there at any time: it would have root mount it anywhere.
    # shellcheck disable=SC2016
    in_machine "$1" bash -c 'cd "$1" && [[ $(pwd -P) == "$1" ]] && exec mount --no-canonicalize --bind "$0" .' \
        "$store" "$home/.local/share" || die "$home/.local/share is a link" "Remedy: make it a directory of $2's."
}
