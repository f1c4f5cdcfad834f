# shellcheck shell=bash
# The cluster's network: one bridge on the host, one veth per machine. Several clusters live side by side: each takes a
# free slot K, and from K follow its bridge (pyxbrK) and its subnet (198.18.K.0/24, of the range that RFC 2544 sets aside
# for tests). The bridge's alias names the directory of the cluster that owns it. Addresses: .1 the host, .2 the
# controller, .10+I node I. Needs common.sh; reads $dir.

max_slots=200

slot() { cat "$dir/slot"; }
bridge() { echo "pyxbr$(slot)"; }
host_address() { echo "198.18.$(slot).1"; }
machine_address() { # MACHINE
    if [[ $1 == head ]]; then echo "198.18.$(slot).2"; else echo "198.18.$(slot).$((10 + ${1#node}))"; fi
}

# What clusters share (slots, users) changes under one lock of this machine.
with_host_lock() { # FUNCTION
    exec 8</sys/class/net
    flock 8
    "$@"
    exec 8<&-
}

take_network() {
    with_host_lock take_slot
    ip address add "$(host_address)/24" dev "$(bridge)"
    ip link set "$(bridge)" up
}

take_slot() {
    local candidate
    for ((candidate = 0; candidate < max_slots; candidate++)); do
        [[ -e /sys/class/net/pyxbr$candidate ]] || break
    done
    ((candidate < max_slots)) || die "all $max_slots slots for clusters are taken" "Remedy: scripts/cluster down in those no longer needed; ip link | grep pyxbr"
    echo "$candidate" >"$dir/slot"
    ip link add "$(bridge)" type bridge
    ip link set "$(bridge)" alias "$dir"
}

# Removes the bridges of this directory, and those of an `up` that was killed before it could name its own: under the lock, one
# without an alias is nobody's.
drop_network() {
    local link alias
    for link in /sys/class/net/pyxbr*; do
        [[ -e $link ]] || continue
        alias=$(<"$link/ifalias")
        [[ -n $alias && $alias != "$dir" ]] || ip link delete "${link##*/}"
    done
}

other_clusters_exist() {
    local link
    for link in /sys/class/net/pyxbr*; do
        [[ -e $link && $(<"$link/ifalias") != "$dir" ]] && return
    done
    return 1
}

# Gives the network namespace of process PID its end of a cable, and the name eth0 to that end.
plug_in() { # MACHINE PID
    local port
    port=pyx$(slot)${1/node/n}
    ip link add "$port" type veth peer name eth0 netns "$2"
    ip link set "$port" master "$(bridge)" up
    in_machine "$1" ip address add "$(machine_address "$1")/24" dev eth0
    in_machine "$1" ip link set eth0 up
    in_machine "$1" ip link set lo up
}
