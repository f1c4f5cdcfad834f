# Jobs of their own: batch scripts, and allocations whose options hold for their steps.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
}

@test "a batch script runs inside, from its spooled copy, which is read-only" {
  cat >"$SUITE/job.sh" <<'SCRIPT'
#!/bin/sh
. /etc/os-release
echo "code name: $VERSION_CODENAME"
echo "argument: $1"
awk -v at="$0" '$5 == at { print "script mounted: " $6 }' /proc/self/mountinfo
echo changed 2>/dev/null >>"$0" || echo "script cannot be written"
cat missing
exit 9
SCRIPT
  run -9 sbatch -W -o "$SUITE/job.out" --container-image="$REGISTRY/trixie" "$SUITE/job.sh" 'an argument'
  run cat "$SUITE/job.out"
  assert_line "pyxis: importing docker image: $REGISTRY/trixie"
  assert_line "pyxis: imported docker image: $REGISTRY/trixie"
  assert_line 'code name: trixie'
  assert_line 'argument: an argument'
  assert_line --regexp '^script mounted: ro,'
  assert_line 'script cannot be written'
  assert_line --partial 'missing: No such file or directory'
}

@test "a batch script without an option runs on the node, and its steps in the containers they name" {
  cat >"$SUITE/plain.sh" <<SCRIPT
#!/bin/bash
grep ^ID= /etc/os-release
srun --container-image=$IMAGE sh -c 'echo "\$IMAGE_VARIABLE"'
srun sh -c 'echo "image: \$IMAGE_VARIABLE"'
SCRIPT
  run -0 sbatch -W -o "$SUITE/plain.out" "$SUITE/plain.sh"
  run cat "$SUITE/plain.out"
  assert_line "$(grep ^ID= /etc/os-release)"
  assert_line 'from the image'
  assert_line 'image: '
}

@test "what salloc was given holds for the steps in it, and yields to theirs" {
  run -0 --separate-stderr salloc --container-image="$REGISTRY/trixie" bash -c "
    echo \"here: \$(hostname)\"
    srun sh -c '. /etc/os-release; echo \"inherited: \$VERSION_CODENAME\"'
    srun --container-image=$IMAGE sh -c 'echo \"own: \$IMAGE_VARIABLE\"'"
  assert_line "here: $(hostname)"
  assert_line 'inherited: trixie'
  assert_line 'own: from the image'
}

@test "defaults reach a batch script, and the options of its own directives win" {
  cat >"$SUITE/options.sh" <<SCRIPT
#!/bin/sh
#SBATCH --container-image=$REGISTRY/trixie
id -u
. /etc/os-release
echo "\$VERSION_CODENAME"
SCRIPT
  run -0 env PYXIS_CONTAINER_IMAGE=no/such PYXIS_CONTAINER_REMAP_ROOT=1 \
    sbatch -W -o "$SUITE/options.out" "$SUITE/options.sh"
  run cat "$SUITE/options.out"
  assert_line 0
  assert_line trixie
}
