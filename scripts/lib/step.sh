# shellcheck shell=bash
# For scripts that start much and take it down again however they end. Needs common.sh.

step=

# on_end FUNCTION: calls FUNCTION when the script ends, also by a signal, which ends the running step first.
on_end() {
    # shellcheck disable=SC2064
    trap "end_step; trap - EXIT; trap '' INT TERM HUP; $1" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# run_step COMMAND...: runs it in a process group of its own and waits for it in a way that signals interrupt.
run_step() {
    local status=0
    setsid "$@" </dev/null &
    step=$!
    wait "$step" || status=$?
    step=
    return "$status"
}

end_step() {
    [[ -z $step ]] || { kill -TERM -- "-$step" && wait "$step"; } 2>/dev/null || true
}
