# What all Slurm tests share. Those of this directory and of sbatch/ run as the user who calls them, from inside an allocation
# of any cluster that has Pyxis:
#
#   salloc --overcommit bats tests/slurm
#   salloc --overcommit bats tests/slurm/sbatch
#
# REGISTRY  where the nodes find the test images (scripts/images); made by setup_suite.bash:
# NODE      the node of the allocation that steps run on
# SUITE     a directory that the nodes see, too

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

: "${REGISTRY:=127.0.0.1:5100}"

# --- commands -------------------------------------------------------------------------------------------

# A step of one task. Further options of srun win over these.
step() { # [OPTION...] COMMAND...
  srun --overlap -N1 -n1 -w "$NODE" "$@" 3>&-
}

# Named containers outlive their steps. Those of the tests have names of their own, which the job's number makes unique, and
# are removed with this.
named() { # NAME
  echo "bats-$SLURM_JOB_ID-$1"
}

remove_named() { # NAME...
  local name
  for name; do
    step bash -c 'for program in pyxis enroot; do
        command -v "$program" >/dev/null || continue
        "$program" list | grep -Fx -e "pyxis_$0" -e "pyxis_${SLURM_JOB_ID}_$0" | while read -r container; do "$program" remove -f "$container"; done
      done; true' "$(named "$name")"
  done
}

# --- steps that wait for us -----------------------------------------------------------------------------

declare -gA shell_in shell_out shell_pid

# open_shell NAME STEP...: starts the step `STEP... sh` in the background, and returns when that shell runs. What it does is
# said by `tell`.
open_shell() {
  local name=$1 place in out
  place=$(mktemp -d "$BATS_TEST_TMPDIR/$name.XXXXXX")
  mkfifo "$place/in" "$place/out"
  "${@:2}" sh <"$place/in" >"$place/out" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
  shell_pid[$name]=$!
  exec {in}>"$place/in" {out}<"$place/out"
  shell_in[$name]=$in shell_out[$name]=$out
  tell "$name" : || {
    cat "$BATS_TEST_TMPDIR/$name.err"
    return 1
  }
}

# Its output and status are the command's. 125: the shell is gone, or silent for two minutes.
tell() { # NAME COMMAND
  local line
  printf '{ %s\n} 2>&1; echo "::status $?"\n' "$2" >&"${shell_in[$1]}" || return 125
  while read -r -t 120 line <&"${shell_out[$1]}"; do
    if [[ $line == *"::status "* ]]; then
      [[ -z ${line%%::status *} ]] || printf '%s\n' "${line%%::status *}"
      return "${line##*::status }"
    fi
    printf '%s\n' "$line"
  done
  return 125
}

# Ends the shell; the status is srun's.
close_shell() { # NAME [STATUS]
  echo "exit ${2:-0}" >&"${shell_in[$1]}" || true
  ended "${shell_pid[$1]}"
}

# Waits for a background process of this test, for a minute at most; the status is its own, or 124 (with a line that says so).
ended() { # PID
  timeout 60 tail -s 0.05 --pid="$1" -f /dev/null || {
    echo "process $1 does not end: $(ps -o args= -p "$1")"
    return 124
  }
  wait "$1"
}

# The same of one that has to fail. Not with `run`, in whose subshell a process is nobody's child: there it seems to fail
# always.
ends_with_failure() { # PID
  local status=0
  ended "$1" || status=$?
  ((status != 124)) || return 1
  ((status != 0)) || fail "process $1 succeeded"
}

# --- assertions -----------------------------------------------------------------------------------------

# After `run --separate-stderr`: what was said holds TEXT.
assert_said() { # TEXT
  [[ $stderr == *"$1"* ]] || fail "not said: $1"$'\n'"but: $stderr"
}

refute_said() { # TEXT
  [[ $stderr != *"$1"* ]] || fail "said: $1"$'\n'"in: $stderr"
}

assert_said_once() { # TEXT
  assert_said "$1"
  assert_equal "$(grep -cF -- "$1" <<<"$stderr")" 1
}
