# shellcheck shell=bash
# A directory that one of our scripts owns, and may remove with all that is in it. A mark in it tells it from others.
# Needs common.sh.

# trust_directory DIRECTORY VARIABLE: what is not there, or is root's or ours. Below /var/tmp anybody may have made it before
# us, and would have us believe his files, as root. No link is followed: only its owner could lay it, or take it away.
trust_directory() {
    local owner name mode
    read -r owner name mode < <(stat -c '%u %U %A' "$1" 2>/dev/null) || return 0
    [[ ($owner == 0 || $owner == "${SUDO_UID:-$EUID}") && $mode == d???????[!w]* ]] ||
        die "others than root and you can change $1 (it is $name's, $mode)" "Remedy: remove it, or name another directory in $2."
}

# own_directory DIRECTORY MARK VARIABLE: makes it, or takes it if it bears MARK or is empty.
own_directory() {
    if [[ -e $1 && ! -e $1/$2 && -n $(ls -A "$1" 2>&1) ]]; then
        die "$1 exists, and is not of $program's making" "Remedy: name another directory in $3."
    fi
    mkdir -p "$1"
    trust_directory "$1" "$3"
    touch "$1/$2"
    chmod 755 "$1"
}

empty_directory() { # DIRECTORY MARK
    [[ ! -e $1 ]] || find "$1" -mindepth 1 -maxdepth 1 ! -name "$2" -exec rm -rf --one-file-system {} +
}
