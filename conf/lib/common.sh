# shellcheck shell=bash
# Functions for hooks of containers, as in:
#
#   #!/bin/bash
#   set -euo pipefail
#   . "$ENROOT_LIBRARY_PATH/common.sh"
#   common::checkcmd lspci
#   common::log INFO "looking for devices"

# common::log [LEVEL] TEXT...: a line in the engine's log. LEVEL is INFO (the default), WARN, ERROR or DEBUG, in any case;
# DEBUG lines are dropped. A last argument NL is an empty line more.
common::log() {
    local level=INFO newline=
    case "${1-}" in
        [Ii][Nn][Ff][Oo]) shift ;;
        [Ww][Aa][Rr][Nn] | [Ww][Aa][Rr][Nn][Ii][Nn][Gg]) level=WARN && shift ;;
        [Ee][Rr][Rr] | [Ee][Rr][Rr][Oo][Rr]) level=ERROR && shift ;;
        [Dd][Ee][Bb][Uu][Gg]) return 0 ;;
        -) shift ;;
    esac
    if (($# > 0)) && [[ ${!#} == NL ]]; then
        newline=$'\n'
        set -- "${@:1:$#-1}"
    fi
    printf '[%s] %s\n%s' "$level" "$*" "$newline" >&2
}

# common::err TEXT...: says why, and ends the hook, and with it the start of the container.
common::err() {
    common::log ERROR "$@"
    exit 1
}

# common::checkcmd COMMAND...: ends the hook if one of them is not there.
common::checkcmd() {
    local command
    for command; do
        command -v "$command" >/dev/null || common::err "Command not found: $command"
    done
}

# common::realpath PATH: prints it without links and dots; ends the hook if there is no such file.
common::realpath() {
    realpath -e -- "$1" 2>/dev/null || common::err "No such file or directory: $1"
}

# common::getpwent: prints the passwd entry that the user has on the host, also where he appears as root.
common::getpwent() {
    local inside outside count
    read -r inside outside count </proc/self/uid_map
    # All ids are mapped outside of a user namespace, one in a container's.
    ((count == 1)) || outside=$(id -u)
    : "$inside"
    getent passwd "$outside"
}
