# What a node's configuration decides about steps. It is read from /etc/enroot, which node1 has for itself here.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox HERE=$SUITE/configuration
  export ETC=$HERE/etc HOME_OF_ALICE
  HOME_OF_ALICE=$(getent passwd alice | cut -d: -f6)
  mkdir -p "$HERE/work" "$ETC"
  cp "$PYXIS_CLUSTER_DIR/hosts" "$ETC/hosts"
  on node1 mount -t overlay -o "lowerdir=/etc,upperdir=$ETC,workdir=$HERE/work" overlay /etc
}
teardown_file() {
  on node1 umount -l /etc
}

# Through the mount: what is changed below an overlay is not seen in it.
setup() { on node1 mkdir /etc/enroot; }
teardown() {
  on node1 rm -rf /etc/enroot
  rm -rf "$HOME_OF_ALICE/.config/enroot" "$HOME_OF_ALICE/mark"
}

site_file() { # NAME < TEXT
  # shellcheck disable=SC2016
  on node1 sh -c 'mkdir -p "$(dirname "/etc/enroot/$0")" && cat >"/etc/enroot/$0" && chmod 755 "/etc/enroot/$0"' "$1"
}

my_file() { # NAME < TEXT
  # shellcheck disable=SC2016
  as alice sh -c 'file=.config/enroot/$0; umask 022; mkdir -p "$(dirname "$file")" && cat >"$file" && chmod 755 "$file"' "$1"
}

@test "enroot.conf decides where the step does not, and yields where it does" {
  local show='id -u; touch /new 2>/dev/null && echo writable || echo read-only; ls "$0" 2>/dev/null || echo not at home'
  echo x >"$HOME_OF_ALICE/mark"
  site_file enroot.conf <<<$'ENROOT_ROOTFS_WRITABLE no\nENROOT_REMAP_ROOT yes\nENROOT_MOUNT_HOME yes'
  run -0 --separate-stderr step --container-image="$IMAGE" sh -c "$show" "$HOME_OF_ALICE/mark"
  assert_output $'0\nread-only\n'"$HOME_OF_ALICE/mark"
  run -0 --separate-stderr step --container-image="$IMAGE" --container-writable --no-container-remap-root --no-container-mount-home \
    sh -c "$show" "$HOME_OF_ALICE/mark"
  assert_output "$(id -u alice)"$'\nwritable\nnot at home'
  site_file enroot.conf <<<$'ENROOT_ROOTFS_WRITABLE yes\nENROOT_REMAP_ROOT no\nENROOT_MOUNT_HOME no'
  run -0 --separate-stderr step --container-image="$IMAGE" --container-readonly --container-remap-root --container-mount-home \
    sh -c "$show" "$HOME_OF_ALICE/mark"
  assert_output $'0\nread-only\n'"$HOME_OF_ALICE/mark"
  run -0 --separate-stderr step --container-image="$IMAGE" sh -c "$show" "$HOME_OF_ALICE/mark"
  assert_output "$(id -u alice)"$'\nwritable\nnot at home'
}

@test "a mistake in enroot.conf fails the step, and names the line" {
  site_file enroot.conf <<<$'\nENROOT_REMAP_ROOT perhaps'
  run --separate-stderr step -n2 --container-image="$IMAGE" echo ran
  assert_failure
  assert_output ''
  assert_said_once ENROOT_REMAP_ROOT
  assert_said perhaps
  assert_nothing_left_of_steps
}

# Beside the mount that this file has made.
assert_nothing_left_of_steps() {
  assert_equal "$(ls -A "$(store)/tmp")" ""
  assert_equal "$(containers | grep -E '^pyxis_[0-9]+\.[0-9]+$')" ""
}

@test "environ.d, mounts.d and hooks.d of the node and of the user hold for steps" {
  site_file environ.d/10.env <<<$'A=site\nB=site\nC=site'
  my_file environ.d/10.env <<<'B=mine'
  site_file data/mark <<<'of the site'
  site_file mounts.d/50.fstab <<<'/etc/enroot/data /site none x-create=dir,bind,ro'
  my_file mounts.d/50.fstab <<<'${HOME}/.config/enroot /mine none x-create=dir,bind,ro'
  site_file hooks.d/10.sh <<<$'#!/bin/sh\necho "BY_HOOK=of $SLURM_JOB_ID $OF_JOB" >>"$ENROOT_ENVIRON"'
  my_file hooks.d/20.sh <<<$'#!/bin/sh\necho "BY_MINE=$(grep -c BY_HOOK "$ENROOT_ENVIRON")" >>"$ENROOT_ENVIRON"'
  run -0 --separate-stderr step --export=ALL,A=job,C=job,OF_JOB=job --container-env=C --container-image="$IMAGE" \
    sh -c 'echo "$A $B $C"; cat /site/mark; ls /mine; echo "$BY_HOOK, $BY_MINE"'
  assert_output "site mine job
of the site
environ.d
hooks.d
mounts.d
of $ALICE_JOB job, 1"
  # Each task has them, those that join, too.
  run -0 --separate-stderr step -n3 --container-image="$IMAGE" sh -c 'echo "$A $BY_MINE"; cat /site/mark'
  assert_equal "$(grep -c '^site 1$' <<<"$output")" 3
  assert_equal "$(grep -c '^of the site$' <<<"$output")" 3
}

@test "a hook that fails, fails the step: named once, with what it printed" {
  site_file hooks.d/10.sh <<<$'#!/bin/sh\necho "no such device: x" >&2\nexit 3'
  run --separate-stderr step -n3 --container-image="$IMAGE" echo ran
  assert_failure
  assert_output ''
  assert_said_once "pyxis: couldn't start container"
  assert_said_once 'hook /etc/enroot/hooks.d/10.sh exited with status 3'
  assert_said_once 'no such device: x'
  assert_nothing_left_of_steps
}

@test "root's own steps are contained as anybody's are" {
  # Not into root's own home directory.
  site_file enroot.conf <<<"ENROOT_DATA_PATH $HERE/root"
  local option
  for option in --container-remap-root --no-container-remap-root; do
    run -0 --separate-stderr as root srun -w node1 --container-image="$IMAGE" "$option" sh -c 'readlink /proc/self/ns/user
      awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map; mount -o remount,rw /sys 2>/dev/null || echo no rights outside; mknod /dev-mem c 1 1 2>/dev/null || echo no devices'
    refute_line "$(readlink /proc/self/ns/user)"
    assert_line --regexp '^ *0 +0 +1$'
    assert_line 'no rights outside'
    assert_line 'no devices'
  done
  assert_equal "$(ls "$HERE/root/containers/node1")" ""
}

@test "the runtime directory is slurmd's, and a user's part of it the user's" {
  run -0 step -w node2 --container-image="$IMAGE" true
  run -0 on node2 stat -c '%U %a' /run/pyxis "/run/pyxis/$(id -u alice)"
  assert_output $'root 755\nalice 700'
  on node2 rm -rf /run/pyxis
  run -0 "$repo/scripts/cluster" restart node2
  run -0 on node2 stat -c '%U %a' /run/pyxis
  assert_output 'root 755'
  run -0 on node2 ls /run/pyxis
  assert_output ''
}
