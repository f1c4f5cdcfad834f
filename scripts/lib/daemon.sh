# shellcheck shell=bash
# Processes that outlive the script that started them: started into a pid file, awaited by what they log,
# stopped by that pid file. Needs common.sh.

# start_daemon PIDFILE LOG COMMAND...: runs COMMAND in the background, in a session of its own.
# The process itself writes its pid and start time before it becomes COMMAND, so that however early we are
# killed, nothing runs that a later call cannot find. Descriptor 9 is our lock (see hold_lock): not for daemons.
start_daemon() {
    local pidfile=$1 log=$2 started
    shift 2
    # shellcheck disable=SC2016  # expanded by the inner shell
    exec {started}< <(exec setsid bash -c '
        stat=$(</proc/$$/stat)
        fields=(${stat##*) })
        echo "$$ ${fields[19]}" >"$0.new" && mv "$0.new" "$0" && echo started
        exec "${@:2}" >>"$1" 2>&1
    ' "$pidfile" "$log" "$@" </dev/null 9>&-)
    read -r -u "$started" || die "no pid file could be written: $pidfile"
    exec {started}<&-
}

# The pid in PIDFILE, if that very process still runs.
daemon_pid() { # PIDFILE
    local pid start stat fields
    [[ -e $1 ]] && read -r pid start <"$1" || return 1
    { stat=$(<"/proc/$pid/stat"); } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[19]} == "$start" && ${fields[0]} != Z ]] && echo "$pid"
}

# stop_daemons [--namespaces] PIDFILE...: ends them all and waits until they are gone (see stop-processes).
stop_daemons() {
    local word words=() files=0
    for word; do
        case $word in
            --*) words+=("$word") ;;
            *) [[ ! -e $word ]] || { words+=("$word") && ((++files)); } ;;
        esac
    done
    ((files == 0)) || "$repo/scripts/lib/stop-processes" "${words[@]}"
}

# await_line LOG REGEX SECONDS PIDFILE [FROM_BYTE]: returns when a line of LOG matches. False if SECONDS pass or the process
# of PIDFILE ends before.
await_line() {
    local log=$1 regex=$2 deadline=$((SECONDS + $3)) pidfile=$4 from=${5:-1}
    local line lines reader pid found=1
    pid=$(daemon_pid "$pidfile") || return 1
    touch "$log"
    exec {lines}< <(exec tail -c "+$from" -s 0.1 --pid="$pid" -F "$log" 2>/dev/null 9>&-)
    reader=$!
    while ((SECONDS < deadline)) && read -r -t $((deadline - SECONDS)) -u "$lines" line; do
        if [[ $line =~ $regex ]]; then found=0 && break; fi
    done
    exec {lines}<&-
    kill "$reader" 2>/dev/null || true
    return "$found"
}

# hold_lock DIRECTORY SECONDS: no second of our scripts works on DIRECTORY until this one has ended.
hold_lock() {
    exec 9<"$1"
    flock -w "$2" 9 || die "another $program has been at work on $1 for more than $2 seconds" "Who it is: fuser -v $1"
}
