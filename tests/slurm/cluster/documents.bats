# The commands of the guides, word for word: as alice, on the login node of a cluster whose nodes are called node1 and node2.
# Each block of commands of a document is run by a shell that ends at the first failure, one after another. Docker Hub is
# there as a mirror of what they ask it for. A comment before a block says why one is not run; blocks of something else than
# commands say of what.

load helpers

setup_file() {
  own_cluster_up documents --nodes 2 --plugstack-options '' # as on a site that has configured nothing
  export HERE=$SUITE/documents ETC=$PYXIS_CLUSTER_DIR/etc
  install -d -o alice "$HERE" "$HERE/results" "$HERE/home" "$HERE/home/.local"{,/share}
  install -d -o alice -m 700 "$HERE/home/.ssh"
  printf '#!/bin/sh\necho done\n' >"$HERE/job.sh"
  chmod 755 "$HERE/job.sh"
  cp "$repo/tests/support/rendezvous.py" "$HERE/train.py"
  chmod 644 "$HERE/train.py"
  mkdir -p "$ETC/enroot"
  cp "$PYXIS_CLUSTER_DIR/hosts" "$ETC/hosts"
  mirror docker.io hub
  mirror nvcr.io nvcr
  mirror registry.example.com example
  # Where the guide has data. It is made here and not on nodes, whose root this machine's is.
  mkdir /data 2>/dev/null && touch "$PYXIS_CLUSTER_DIR/made-data"
  offer trixie hub/library/debian:trixie
  offer busybox hub/library/alpine:3.20
  offer mpi example/team/ring
  offer workbench example/team/tools
  offer workbench:pytorch nvcr/nvidia/pytorch:24.01-py3
  # A home of alice's for these tests, with a key that lets her in where it is. On each node it has a store of the node's.
  as alice ssh-keygen -q -t ed25519 -N '' -f "$HERE/home/.ssh/id_ed25519"
  as alice cp "$HERE/home/.ssh/id_ed25519.pub" "$HERE/home/.ssh/authorized_keys"
  local node
  for node in node1 node2; do
    # shellcheck disable=SC2016
    on "$node" sh -c 'mount -t overlay -o "lowerdir=$0:/etc" overlay /etc && mount --bind "$1" ~alice &&
      mount --bind "$2" ~alice/.local/share' "$ETC" "$HERE/home" "$PYXIS_CLUSTER_DIR/$node/store/alice"
    mounts_of_node "$node" >"$SUITE/mounts.$node"
  done
}
teardown_file() {
  [[ ! -e $PYXIS_CLUSTER_DIR/made-data ]] || rmdir /data
  own_cluster_down
}

# What is asked of a registry that is not here comes from a directory of ours.
mirror() { # REGISTRY DIRECTORY
  printf '[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "%s/%s"\n' "$1" "$REGISTRY" "$2" >>"$ETC/enroot/registries.conf"
}
offer() { # IMAGE NAME
  skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/$1" "docker://$REGISTRY/$2"
}

# Alice's commands, on a login node with the nodes' /etc and home.
login() { # COMMAND...
  # shellcheck disable=SC2016
  unshare --mount sh -c 'mount -t overlay -o "lowerdir=$ETC:/etc" overlay /etc && mount --bind "$HERE/home" ~alice && exec "$@"' - \
    "$repo/scripts/cluster" run --user alice -- env -C "$HERE" ENROOT_RUNTIME_PATH="$HERE/run" JOB="${JOB:-}" "$@" </dev/null 3>&-
}

run_blocks() { # DOCUMENT LEAST: so many there are at least
  "$repo/tests/support/blocks" "$repo/$1" "$HERE/blocks-${1##*/}"
  run_files "$1" "$HERE/blocks-${1##*/}" "$2"
}

run_files() { # DOCUMENT DIRECTORY LEAST
  local block shell
  chmod -R a+rX "$2"
  for block in "$2"/*.sh; do
    shell=(bash -euo pipefail)
    [[ $(head -n 1 "$block") != '#!'* ]] || shell=(sbatch --wait --output=/dev/null)
    run login "${shell[@]}" "$block"
    [[ $status == 0 ]] || fail "$1, the block at line $((10#$(basename "$block" .sh))): $output"
  done
  assert [ "$(find "$2" -name '*.sh' | wc -l)" -ge "$3" ]
}

# A container of alice's that runs: NAME is for `tell`, OPTIONs are of srun. In it there is a python3, which serves files at
# port 8000 of the node.
open_workbench() { # NAME [OPTION...]
  open_shell "$1" as alice srun --jobid="$JOB" --overlap -n1 --container-image="$REGISTRY/workbench" --container-mount-home "${@:2}"
  tell "$1" 'mkfifo /tmp/started; python3 -um http.server 8000 --directory /etc 2>&1 >/tmp/started & read -r line </tmp/started'
}

@test "the commands of the user guide work as they stand there" {
  run_blocks docs/user.md 7
}

# One block with an empty line after each example. Those that ask Debian's archive are in scripts/demo, with a package of its own.
@test "the examples of the README work as they stand there" {
  local examples=$HERE/examples
  # This one, and two of installations, which tests/packages runs.
  run -0 "$repo/tests/support/blocks" "$repo/README.md" "$HERE/blocks-readme"
  assert_output 3
  "$repo/tests/support/blocks" "$repo/README.md" "$HERE/blocks-examples" Examples
  mkdir "$examples"
  # shellcheck disable=SC2012
  awk -v RS= -v directory="$examples" '!/apt-get/ { print "export SBATCH_WAIT=1\n" $0 >(directory "/" NR ".sh") }' \
    "$(ls "$HERE"/blocks-examples/*.sh | head -n 1)"
  run_files README.md "$examples" 4
}

@test "the commands of the recipes work as they stand there" {
  JOB=$(allocate alice -w node1 -n16)
  open_workbench nameless
  open_shell named as alice srun --jobid="$JOB" --overlap -n1 --container-image="$REGISTRY/workbench" --container-name=app
  # What the block before the one that uses it would have made.
  login pyxis import -o tools.sqsh docker://debian:trixie
  run_blocks docs/recipes.md 14
  run -0 as bob srun -w node1 --container-image="$HERE/tools.sqsh" cat /etc/debian_version
  close_shell named
  close_shell nameless
  controller scancel "$JOB"
}

@test "ssh into a container that runs, as the recipe says: terminal, files, forwarded ports, and nothing stays" {
  local script=$HERE/home/.ssh/box
  JOB=$(allocate alice -J box -w node1 -n16)
  open_workbench served --container-name=app
  tell served 'echo "this one" >/marker'
  rm -f "$HERE"/home/.ssh/{box,box_host_key,config,known_hosts}
  "$repo/tests/support/blocks" "$repo/docs/recipes.md" "$HERE/blocks-ssh"
  chmod -R a+rX "$HERE/blocks-ssh"
  login bash -e "$(grep -l ssh-keygen "$HERE"/blocks-ssh/*.sh)"
  sed -i 's/--container-image=[^ ]* --container-name=box/--container-name=app:exec/; s/--container-mount-home//' "$script"
  # shellcheck disable=SC2016
  run -0 --separate-stderr login ssh -o StrictHostKeyChecking=accept-new box 'cat /marker; id -un; echo "$PATH"'
  assert_output 'this one
alice
/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  run -0 login ssh -tt box tty
  assert_line --partial /dev/pts/
  run -5 login ssh box 'exit 5'
  login scp -q job.sh box:/brought
  run -0 tell served 'cat /brought'
  assert_output "$(cat "$HERE/job.sh")"
  run -0 --separate-stderr login bash -c "printf 'GET /debian_version HTTP/1.0\r\n\r\n' | ssh -W 127.0.0.1:8000 box"
  assert_line --regexp '^12\.'
  close_shell served
  controller scancel "$JOB"
  forget_containers
  assert_nothing_left
}

@test "a server in a container of a job is reached at the node's name; a terminal in it is one" {
  JOB=$(allocate alice -w node1 -n16)
  open_workbench server
  run -0 login curl -sSf --max-time 60 http://node1:8000/debian_version
  assert_output --regexp '^12'
  run -0 login script -qec "srun --jobid=$JOB --overlap --pty --container-name=$JOB.0:exec tty" /dev/null
  assert_output --partial /dev/pts/
  close_shell server
  controller scancel "$JOB"
  assert_nothing_left
}
