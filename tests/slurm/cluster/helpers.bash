# What the tests share that need a throw-away cluster of their own: they run as root, act as several users, look at the nodes
# from outside, and kill.
#
# PYXIS_CLUSTER_DIR  the cluster (scripts/cluster), which is up
# REGISTRY, FAULTD   the registry's addresses, as nodes and this machine see them
#
# Most steps run in one allocation of both nodes per user, made once for the whole suite (setup_suite.bash): a step starts
# faster than a job. Where the job itself is what is tested, a test has its own.

load ../helpers

repo=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
: "${PYXIS_CLUSTER_DIR:?PYXIS_CLUSTER_DIR must name the cluster}"
: "${REGISTRY_BASIC:=127.0.0.1:5101}"
: "${FAULTD:=127.0.0.1:5104}"

# --- commands -------------------------------------------------------------------------------------------

# A command of USER on the login node.
as() { # USER COMMAND...
  "$repo/scripts/cluster" run --user "$1" -- "${@:2}" 3>&-
}

# A command of root's on NODE.
on() { # NODE COMMAND...
  "$repo/scripts/cluster" run --node "$1" -- "${@:2}" 3>&-
}

controller() {
  "$repo/scripts/cluster" run -- "$@" 3>&-
}

# A step of one task on node1, in the suite's allocation. Further options of srun win over these.
step_of() { # USER [OPTION...] COMMAND...
  local job=${1^^}_JOB
  as "$1" srun --jobid="${!job}" --overlap -N1 -n1 -w node1 "${@:2}"
}

step() { step_of alice "$@"; }

# Whether Slurm was built with it; PATTERN is of its file's name.
has_slurm_plugin() { # PATTERN
  local directory
  directory=$(controller scontrol show config | sed -n 's/^PluginDir *= *//p')
  assert [ -d "$directory" ]
  compgen -G "$directory/$1.so" >/dev/null
}

# Debian builds its Slurm 26.05 without it. A plugin that is there and does not load is a failure.
need_pmix() {
  has_slurm_plugin 'mpi_pmix*' || skip "this Slurm was built without PMIx"
}

# A cluster of a file's own, beside the suite's, of one node; ended by `own_cluster_down`. It has an allocation of alice's.
own_cluster_up() { # NAME [ARGUMENT...]: of scripts/cluster up
  export PYXIS_CLUSTER_DIR=$PYXIS_CLUSTER_DIR-$1 SUITE ALICE_JOB
  "$repo/scripts/cluster" up --nodes 1 --plugstack-options store=user "${@:2}" 3>&-
  SUITE=$PYXIS_CLUSTER_DIR/suite
  install -d -m 1777 "$SUITE"
  ALICE_JOB=$(allocate alice -n64 -J tests)
  mounts_of_node node1 >"$SUITE/mounts.node1"
}

own_cluster_down() {
  "$repo/scripts/cluster" down 3>&-
}

# What plugstack.conf says from now on; slurmstepd and srun read it anew each time.
plugstack() { # [KEY=VALUE...]; each user has his own store, unless something else is said
  local line
  [[ " $*" == *" store="* ]] || set -- store=user "$@"
  read -r line <"$PYXIS_CLUSTER_DIR/plugstack.conf"
  [[ $line =~ ^(required [^ ]+ pyxis_path=[^ ]+ runtime_path=[^ ]+) ]]
  echo "${BASH_REMATCH[1]} $*" >"$PYXIS_CLUSTER_DIR/plugstack.conf"
}

# The number the next job will get: the same before and after says that nothing was submitted.
next_job() {
  controller scontrol show config | sed -n 's/^NEXT_JOB_ID *= *//p'
}

allocate() { # USER [OPTION...]: prints the job's number; it lasts until it is cancelled
  local said
  said=$(as "$1" salloc --no-shell "${@:2}" 2>&1) || { echo "$said" >&2 && return 1; }
  sed -n 's/.*Granted job allocation \([0-9]*\).*/\1/p' <<<"$said"
}

# --- the store, the runtime directory, processes --------------------------------------------------------

store() { # [NODE [USER]]
  printf '%s/%s/store/%s/pyxis\n' "$PYXIS_CLUSTER_DIR" "${1:-node1}" "${2:-alice}"
}

containers() { # [NODE [USER]]: the names of those there are
  ls -A "$(store "$@")/containers/${1:-node1}" 2>/dev/null || true
}

forget_containers() { # [NODE [USER]]
  rm -rf -- "$(store "$@")/containers/${1:-node1}"/*
}

# Of image IMAGE nothing is in the store afterwards, so that the next step imports it again.
empty_store() { # [NODE [USER]]
  rm -rf -- "$(store "$@")"
}

# Runs COMMAND, which ends a job, and returns when container NAME is gone from node1.
ends_container() { # NAME COMMAND...
  local watcher line
  coproc watch { exec inotifywait -t 60 -q -m -e delete,moved_from --format %f "$(store)/containers/node1" 2>&1 3>&-; }
  watcher=$!
  # inotifywait is quiet about having begun: a file of ours that goes says so.
  exec {from}<&"${watch[0]}"
  until [[ ${line:-} == ready ]]; do
    rm -f "$(store)/containers/node1/ready"
    touch "$(store)/containers/node1/ready"
    rm "$(store)/containers/node1/ready"
    read -r -t 1 line <&"$from" || true
  done
  "${@:2}"
  while [[ $line != "$1" ]] && read -r -t 60 line <&"$from"; do :; done
  kill "$watcher"
  exec {from}<&-
  assert_equal "$line" "$1"
}

# What a mount table says, without the numbers that change.
mounts_of_node() { # NODE
  on "$1" awk '{ print $5, $(NF - 2), $(NF - 1) }' /proc/self/mountinfo | sort
}

# No process of the user, nobody in another mount namespace, no mount, no container without a name, nothing in the making,
# nobody listening. A process that is about to end is waited for.
assert_nothing_left() { # [NODE [USER]]
  local node=${1:-node1} user=${2:-alice} uid
  uid=$(id -u "$user")
  run on "$node" bash -c '
    status=0
    for pid in $(pgrep -u "$0") $(pgrep -x pyxis-container); do
      timeout 10 tail -s 0.05 --pid="$pid" -f /dev/null && continue
      echo "left behind: $(tr "\0" " " <"/proc/$pid/cmdline") ($(cat "/proc/$pid/comm"))"
      status=1
    done
    own=$(readlink /proc/self/ns/mnt)
    for process in /proc/[0-9]*; do
      other=$(readlink "$process/ns/mnt") || continue
      [[ $other == "$own" ]] || { echo "in another mount namespace: $process $(cat "$process/comm")"; status=1; }
    done
    exit $status' "$user"
  assert_success
  assert_equal "$(mounts_of_node "$node")" "$(cat "$SUITE/mounts.$node")"
  assert_equal "$(ls -A "$(store "$node" "$user")/tmp")" ""
  assert_equal "$(containers "$node" "$user" | grep -E '^pyxis_[0-9]+\.[0-9]+$')" ""
  # The directories come with the user's first container that ran; the second one is of the enroot engine.
  run on "$node" bash -c '[[ ! -d /run/pyxis/$0 ]] || find "/run/pyxis/$0" -name "*.sock" -o -path "*/enroot/containers/*"' "$uid"
  assert_output ""
}

# --- the registry ---------------------------------------------------------------------------------------

# Requests that the registry KIND (anonymous, fault) has seen since `mark_log KIND`.
mark_log() { "$repo/scripts/registry" log "$1" 3>&- | wc -l >"$BATS_TEST_TMPDIR/log.$1"; }
new_requests() { "$repo/scripts/registry" log "$1" 3>&- | tail -n "+$(($(cat "$BATS_TEST_TMPDIR/log.$1") + 1))"; }

fault() { # _reset | _release
  curl -sSf -X POST "http://$FAULTD/$1" 3>&-
}

await_stalled() { # [COUNT]
  curl -sSf --max-time 120 "http://$FAULTD/_stalled?count=${1:-1}" 3>&-
}
