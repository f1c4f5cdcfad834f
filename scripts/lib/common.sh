# shellcheck shell=bash
# What every script of ours shares: where the clone lies, how to speak, how to fail, how to become root.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=${program:-scripts/${0##*/}}
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf '==> %s\n' "$*" >&2; }

# die WHAT [CAUSE OR REMEDY]...: one line for what went wrong, one indented line for each hint.
die() {
    printf '%s: error: %s\n' "$program" "$1" >&2
    shift
    (($# == 0)) || printf '    %s\n' "$@" >&2
    exit 1
}

usage_error() { die "$1" "Try '$program --help'."; }

have() { command -v "$1" >/dev/null 2>&1; }

need_command() { # COMMAND...
    local command
    for command; do
        have "$command" || die "the program '$command' is not installed" "Remedy: scripts/install-deps"
    done
}

# Runs a command as root: directly, or through sudo.
as_root() {
    if ((EUID == 0)); then "$@"; else need_sudo && sudo "$@"; fi
}

need_sudo() {
    have sudo || die "root is needed, you are $(id -un), and there is no sudo" "Remedy: run it as root."
}

# Starts the calling script again as root. The variables that steer our scripts come along.
become_root() { # the script's own arguments
    ((EUID == 0)) && return
    need_sudo
    local name kept=()
    for name in $(compgen -e | grep '^PYXIS_' || true); do kept+=("$name=${!name}"); done
    exec sudo env "${kept[@]}" "$0" "$@"
}

# Seconds since START (a value of $EPOCHREALTIME), as 1.23
elapsed_since() {
    local microseconds=$((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}))
    printf '%d.%02d' $((microseconds / 1000000)) $((microseconds % 1000000 / 10000))
}
