# Config scripts: start -c, batch.

load helpers

setup_file() {
  load helpers
  make_home
  pyxis load -n shell "$REGISTRY/busybox"
  pyxis load -n entrypoint "$REGISTRY/busybox:entrypoint"
}
teardown_file() {
  load helpers
  remove_home
}
teardown() { assert_nothing_left; }

config() { # < TEXT
  as_user tee "$TEST_HOME/config" >/dev/null
}

@test "all of it: settings, environ, mounts, hooks, rc" {
  as_user mkdir -p "$TEST_HOME/data"
  as_user touch "$TEST_HOME/data/mark"
  config <<'END'
#!/bin/bash
#ENROOT_ROOTFS_WRITABLE=yes
#ENROOT_REMAP_ROOT=y
where=/data
environ() {
  echo 'FROM_SCRIPT=with $HOME and "quotes"'
  echo "FROM_JOB=$JOB"
}
mounts() { echo "$HOME/data $where none x-create=dir,bind,ro"; }
hooks() { echo hooked; echo "$ENROOT_PID" >/dev/null; touch "$ENROOT_ROOTFS/by-hook"; }
rc() {
  echo "rc: $*"
  exec "$@"
}
END
  run -0 pyxis JOB=job start -c "$TEST_HOME/config" entrypoint sh -c 'id -u; echo "$FROM_SCRIPT|$FROM_JOB"; ls /data /by-hook; touch /here'
  assert_line '[INFO] config: hooked'
  assert_line --partial 'rc: sh -c id -u'
  refute_output --partial entrypoint:
  assert_line 0
  assert_line 'with $HOME and "quotes"|job'
  assert_line mark
  assert_line /by-hook
}

@test "without functions it gives settings alone; these win over the environment" {
  config <<<$'#ENROOT_REMAP_ROOT=yes\n# ENROOT_ROOTFS_WRITABLE=yes\n#ENROOT_NOTHING yes'
  run -0 pyxis ENROOT_REMAP_ROOT=no start --conf "$TEST_HOME/config" shell sh -c 'id -u; touch /new || echo read-only'
  assert_line 0
  assert_line read-only
}

@test "settings are expanded, by variables and commands" {
  as_user mkdir -p "$TEST_HOME/other/hooks.d"
  as_user tee "$TEST_HOME/other/hooks.d/10.sh" >/dev/null <<<$'#!/bin/sh\necho found'
  as_user chmod 755 "$TEST_HOME/other/hooks.d/10.sh"
  config <<<'#ENROOT_CONFIG_PATH="${HOME}/$(printf other)"'
  run -0 pyxis start -c "$TEST_HOME/config" shell true
  assert_output '[INFO] 10.sh: found'
}

@test "-e wins over environ(), -m comes after mounts(), and hooks see both" {
  config <<'END'
environ() { echo A=script; echo B=script; }
hooks() { grep ^A= "$ENROOT_ENVIRON"; echo C=hook >>"$ENROOT_ENVIRON"; echo "tmpfs /scratch tmpfs x-create=dir" >>"$ENROOT_MOUNTS"; }
mounts() { echo "tmpfs /scratch/one tmpfs x-create=dir"; }
END
  run -0 pyxis start -c "$TEST_HOME/config" -e A=given -m tmpfs:/scratch/one/two:tmpfs:x-create=dir shell \
    sh -c 'echo "$A $B $C"; grep -c scratch /proc/mounts'
  assert_output $'[INFO] config: A=given\ngiven script hook\n3'
}

@test "one that fails is named, with its words" {
  config <<<'environ() { echo "no such thing" >&2; false; }'
  run pyxis start -c "$TEST_HOME/config" shell true
  assert_one_error "config script $TEST_HOME/config: environ() exited with status 1:"
  assert_line 'no such thing'
  config <<<'environ() { echo nonsense; }'
  run pyxis start -c "$TEST_HOME/config" shell true
  assert_only_error "environ() of $TEST_HOME/config line 1: 'nonsense' is not of the form NAME=VALUE"
  config <<<'mounts() { echo "/no/such/source /x none x-create=dir,bind"; }'
  run pyxis start -c "$TEST_HOME/config" shell true
  assert_only_error "mounts() of $TEST_HOME/config:1: source path does not exist: /no/such/source"
  config <<<'hooks() { echo broken; exit 4; }'
  run pyxis start -c "$TEST_HOME/config" shell true
  assert_one_error "config script $TEST_HOME/config: hooks() exited with status 4:"
  assert_line broken
  config <<<'rc() { (( }'
  run pyxis start -c "$TEST_HOME/config" shell true
  assert_one_error "config script $TEST_HOME/config exited with status" 'line 1: unexpected EOF'
  config <<<'#ENROOT_REMAP_ROOT=perhaps'
  run pyxis start -c "$TEST_HOME/config" shell true
  assert_only_error ENROOT_REMAP_ROOT perhaps
  run pyxis start -c /no/such/config shell true
  assert_only_error 'config script: /no/such/config: No such file or directory'
  run pyxis PATH=/nowhere start -c "$TEST_HOME/config" shell true
  assert_only_error 'config scripts need bash'
}

@test "counts though the container runs already" {
  config <<<'mounts() { echo "tmpfs /beside tmpfs x-create=dir"; }'
  start_background shell
  run -0 pyxis start -c "$TEST_HOME/config" shell ls -d /beside
  end_background
}

# --- batch ---------------------------------------------------------------------------------------------

@test "batch: the container is the one that the script names; options and command follow" {
  config <<'END'
#ENROOT_ROOTFS=shell
environ() { echo A=script; }
END
  run -0 pyxis batch "$TEST_HOME/config" sh -c 'echo "$A"; id -u'
  assert_output "script"$'\n'"$(id -u "$PYXIS_TEST_USER")"
  run -0 pyxis batch -r -e A=given "$TEST_HOME/config" sh -c 'echo "$A"; id -u'
  assert_output $'given\n0'
  run -6 pyxis batch "$TEST_HOME/config" sh -c 'exit 6'
}

@test "batch: a script can be a program" {
  config <<END
#!/usr/bin/env -S $PYXIS batch
#ENROOT_ROOTFS=shell
rc() { echo "rc: \$*"; }
END
  as_user chmod +x "$TEST_HOME/config"
  run -0 as_user "$TEST_HOME/config" one two
  assert_output 'rc: one two'
}

@test "batch: without a root file system" {
  config <<<'environ() { :; }'
  run pyxis batch "$TEST_HOME/config"
  assert_only_error "config script $TEST_HOME/config does not say what to start" '#ENROOT_ROOTFS=NAME'
  config <<<'#ENROOT_ROOTFS=nothing'
  run pyxis batch "$TEST_HOME/config"
  assert_only_error 'no container named nothing'
}
