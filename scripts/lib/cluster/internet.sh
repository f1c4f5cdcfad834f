# shellcheck shell=bash
# The way out of a node, for images from real registries: slirp4netns, a network stack in user space, so nothing of the
# host's routing or packet filter changes. Needs common.sh, daemon.sh, machine.sh.

give_internet() { # NODE
    local home pid
    home=$(machine_dir "$1")
    pid=$(daemon_pid "$home/machine.pid")
    start_daemon "$home/internet.pid" "$home/internet.log" \
        stdbuf -oL slirp4netns --configure --mtu=65520 --disable-host-loopback "$pid" tap0
    await_line "$home/internet.log" 'Starting slirp' 20 "$home/internet.pid" ||
        die "$1 gets no way out: slirp4netns failed" "$(tail -n 3 "$home/internet.log")"
    echo 'nameserver 10.0.2.3' >"$home/resolv.conf"
    in_machine "$1" mount --bind "$home/resolv.conf" "$(realpath -m /etc/resolv.conf)"
}
