# What our scripts do as root, on machines that have other users.

load helpers

setup() {
  make_home
  at=$(mktemp -d /var/tmp/pyxis-cli-scripts.XXXXXX)
  chmod 1777 "$at" # as /var/tmp is
  cd "$repo" || return
}

teardown() {
  [[ ! ${victim:-} ]] || kill "$victim" 2>/dev/null || true
  rm -rf --one-file-system -- "$at"
  remove_home
}

# A directory where a script would make its own, with what would lead it astray.
lay_trap() { # MARK
  # shellcheck disable=SC2016
  as_user bash -ec '
    mkdir -p "$1"/{prefix/bin,head,trixie/usr/bin} && touch "$1/$2" "$1/slurm.conf" "$1/trixie/usr/bin/git"
    printf "#!/bin/sh\necho run by \$(id -un)\n" >"$1/prefix/bin/srun"
    chmod +x "$1/prefix/bin/srun"
    ln -sfn "$3" "$1/htpasswd"
    echo "$4 $(cut -d " " -f 22 "/proc/$4/stat")" >"$1/forward.pid"' - "$at/trap" "$1" "$at/precious" "$victim"
}

@test "a directory that another user has made is not taken for that of a script that root runs" {
  echo kept >"$at/precious"
  sleep 300 3>&- &
  victim=$!
  refused="others than root and you can change $at/trap"

  lay_trap .pyxis-cluster
  for words in 'run -- srun' status up down; do
    # shellcheck disable=SC2086
    PYXIS_CLUSTER_DIR=$at/trap run -1 scripts/cluster $words
    assert_line --partial "$refused"
    refute_line --partial 'run by'
  done
  lay_trap .pyxis-registry
  for words in 'up --port 5390' down; do
    # shellcheck disable=SC2086
    PYXIS_REGISTRY_DIR=$at/trap run -1 scripts/registry $words
    assert_line --partial "$refused"
  done
  PYXIS_MATRIX_DIR=$at/trap run -1 scripts/matrix trixie
  assert_line --partial "$refused"

  kill -0 "$victim" # still there
  assert_equal "$(<"$at/precious")" kept
  assert [ -e "$at/trap/trixie/usr/bin/git" ]
}

@test "a directory of root's that others can write to is none of a script's own, nor is a link" {
  mkdir -m 777 "$at/open" && touch "$at/open/.pyxis-cluster"
  PYXIS_CLUSTER_DIR=$at/open run -1 scripts/cluster down
  assert_line --partial "can change $at/open"
  # Laid once the script has seen to it that there is none.
  mkdir "$at/elsewhere"
  as_user ln -s "$at/elsewhere" "$at/link"
  run -1 bash -c '. scripts/lib/common.sh; . scripts/lib/directory.sh; own_directory "$1" .mark VARIABLE' - "$at/link"
  assert_line --partial "can change $at/link"
  assert_equal "$(ls -A "$at/elsewhere")" ''
}

@test "the store that a node of the cluster gives a user is mounted in his home, wherever he has links to" {
  mkdir -m 700 "$at/precious"
  # shellcheck disable=SC2016
  give_store='
    . scripts/lib/common.sh; . scripts/lib/cluster/machine.sh
    dir=$1 given=$2
    getent() { echo "$2:x:0:0::$given:"; }
    in_machine() { "${@:2}"; }
    trap "grep \" $dir\" /proc/self/mountinfo | cut -d \" \" -f 5" EXIT
    give_local_store node1 "$3"'
  as_user mkdir -p "$TEST_HOME/.local/share"
  mv "$TEST_HOME" "$at/home" && ln -s "$at/home" "$TEST_HOME"
  run -0 unshare --mount bash -c "$give_store" - "$at" "$TEST_HOME" "$PYXIS_TEST_USER"
  assert_output "$at/home/.local/share"
  as_user rmdir "$TEST_HOME/.local/share"
  as_user ln -s "$at/precious" "$TEST_HOME/.local/share"
  run -1 unshare --mount bash -c "$give_store" - "$at" "$TEST_HOME" "$PYXIS_TEST_USER"
  assert_line --partial "$at/home/.local/share is a link"
  refute_line "$at/precious"
}
