# The commands of the guides, word for word: as alice, on the login node of a cluster whose nodes are called node1 and node2.
# Each block of commands of a document is run by a shell that ends at the first failure, one after another. Docker Hub is
# there as a mirror of what they ask it for. A comment before a block says why one is not run; blocks of something else than
# commands say of what.

load helpers

setup_file() {
  own_cluster_up documents --nodes 2
  export HERE=$SUITE/documents ETC=$PYXIS_CLUSTER_DIR/etc
  install -d -o alice "$HERE" "$HERE/results"
  printf '#!/bin/sh\necho done\n' >"$HERE/job.sh"
  chmod 755 "$HERE/job.sh"
  mkdir -p "$ETC/enroot"
  printf '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "%s/hub"\n' "$REGISTRY" >"$ETC/enroot/registries.conf"
  # Where the guide has data. It is made here and not on nodes, whose root this machine's is.
  mkdir /data 2>/dev/null && touch "$PYXIS_CLUSTER_DIR/made-data"
  local name node
  for name in trixie=debian:trixie busybox=alpine:3.20; do
    skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/${name%=*}" "docker://$REGISTRY/hub/library/${name#*=}"
  done
  for node in node1 node2; do
    # shellcheck disable=SC2016
    on "$node" sh -c 'mkdir -p "$0/etc-of-$1" "$0/work-of-$1" &&
      mount -t overlay -o "lowerdir=/etc,upperdir=$0/etc-of-$1,workdir=$0/work-of-$1" overlay /etc &&
      mkdir -p /etc/enroot && cp "$0/etc/enroot/registries.conf" /etc/enroot/' "$PYXIS_CLUSTER_DIR" "$node"
  done
}
teardown_file() {
  [[ ! -e $PYXIS_CLUSTER_DIR/made-data ]] || rmdir /data
  own_cluster_down
}

# One file for each block: NUMBER.sh to run, NUMBER.not with the reason for one that is not.
blocks() { # DOCUMENT DIRECTORY
  mkdir -p "$2"
  awk -v directory="$2" '
    /^<!-- not run: .* -->$/ { reason = $0; next }
    /^```/ {
      if (inside) { close(file); inside = 0; reason = ""; next }
      inside = 1
      file = directory "/" sprintf("%04d", NR) (/^```./ ? ".other" : reason != "" ? ".not" : ".sh")
      next
    }
    inside { print >file; next }
    NF { reason = "" }' "$1"
}

# With a store of its own on the login node, too: what is there already is none of ours.
run_blocks() { # DOCUMENT LEAST: so many there are at least
  local blocks=$HERE/blocks-${1##*/} block shell
  local login=(env -C "$HERE" ENROOT_SYSCONF_PATH="$ETC/enroot" ENROOT_DATA_PATH="$HERE/store" ENROOT_RUNTIME_PATH="$HERE/run")
  blocks "$repo/$1" "$blocks"
  chmod -R a+rX "$blocks"
  for block in "$blocks"/*.sh; do
    shell=(bash -euo pipefail)
    [[ $(head -n 1 "$block") != '#!'* ]] || shell=(sbatch --wait --output=/dev/null)
    run as alice "${login[@]}" "${shell[@]}" "$block"
    [[ $status == 0 ]] || fail "$1, the block at line $((10#$(basename "$block" .sh))): $output"
  done
  assert [ "$(find "$blocks" -name '*.sh' | wc -l)" -ge "$2" ]
}

@test "the commands of the user guide work as they stand there" {
  run_blocks docs/user.md 7
}
