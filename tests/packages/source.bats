# An installation from source, by the README's commands: on this machine, whose directories that they change are overlays.

load helpers

# Users of the cluster pass through it.
setup() {
  OWN=$(mktemp -d /var/tmp/pyxis-source.XXXXXX)
  chmod 755 "$OWN"
}
teardown() { rm -rf --one-file-system "$OWN"; }

# Runs a script of bash where what it writes to them is gone with it.
on_overlays() { # SCRIPT ARGUMENT...
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child --mount-proc --propagation private bash -euo pipefail -c '
    for directory in /etc /usr/local; do
      mkdir -p "$1/upper$directory" "$1/work$directory"
      mount -t overlay -o "lowerdir=$directory,upperdir=$1/upper$directory,workdir=$1/work$directory" overlay "$directory"
    done
    exec bash -euo pipefail -c "$2" - "${@:3}"' - "$OWN" "$@"
}

@test "the README's commands for an installation from source: a job runs" {
  local blocks=$BATS_FILE_TMPDIR/blocks
  "$repo/tests/support/blocks" "$repo/README.md" "$blocks" Install
  # shellcheck disable=SC2016
  run -0 on_overlays '
    export PYXIS_CLUSTER_DIR=$4
    cd "$1"
    PYXIS_BUILD_DIR=/nowhere scripts/cluster up --nodes 1
    trap "scripts/cluster down" EXIT
    echo "include /etc/slurm/plugstack.conf" >"$PYXIS_CLUSTER_DIR/plugstack.conf"
    printf "#!/bin/sh\n[ \"\$*\" = \"restart slurmd\" ] && PYXIS_CLUSTER_DIR=$4 exec \"$1/scripts/cluster\" restart node1\n" >/usr/local/bin/systemctl
    chmod 755 /usr/local/bin/systemctl
    ! getent passwd _pyxis || userdel _pyxis
    rm -rf /etc/slurm
    scripts/cluster run -- bash -euo pipefail -c "cd \"$1\" && . \"$2\""
    scripts/cluster run --user alice -- srun --container-image="$3/busybox" sh -c "echo \$IMAGE_VARIABLE"
    ' "$repo" "$(grep -l 'make install' "$blocks"/*.sh)" "$REGISTRY" "$OWN/cluster"
  assert_line 'from the image'
  assert_line --partial '/usr/local/bin/pyxis'
}
