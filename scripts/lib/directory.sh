# shellcheck shell=bash
# A directory that one of our scripts owns, and may remove with all that is in it. A mark in it tells it from others.
# Needs common.sh.

# own_directory DIRECTORY MARK VARIABLE: makes it, or takes it if it bears MARK or is empty.
own_directory() {
    if [[ -e $1 && ! -e $1/$2 && -n $(ls -A "$1" 2>&1) ]]; then
        die "$1 exists, and is not of $program's making" "Remedy: name another directory in $3."
    fi
    mkdir -p "$1"
    touch "$1/$2"
    chmod 755 "$1"
}

empty_directory() { # DIRECTORY MARK
    [[ ! -e $1 ]] || find "$1" -mindepth 1 -maxdepth 1 ! -name "$2" -exec rm -rf --one-file-system {} +
}
