# The configuration of containers: mounts.d, environ.d and hooks.d of a site and of a user.

load helpers
load site

# --- mounts.d ---------------------------------------------------------------------------------------------

@test "mounts.d: without any, containers get the node's /proc, /sys, /dev and identity" {
  run -0 start cat /etc/hosts
  assert_output "$(cat /etc/hosts)"
  run -0 start ls -d /proc/self /sys/kernel /dev/null
  run -1 start sh -c 'echo x >>/etc/hosts'
}

@test "mounts.d: the site's lines, then the user's, with variables of the caller's environment" {
  site_file data/only-site <<<''
  site_file mounts.d/50-data.fstab <<<"$site/data /data none x-create=dir,bind,ro"
  my_file mounts.d/10-mine.fstab <<<$'# comment\n${SOURCE} /data none bind,ro'
  as_user mkdir "$TEST_HOME/mine"
  run -0 start SOURCE="$site/data" ls /data
  assert_output only-site
  run -0 start SOURCE="$TEST_HOME/mine" ls /data
  assert_output ''
}

@test "mounts.d: a mount of the command line comes after those of the files" {
  site_file a/from-site <<<''
  site_file b/from-option <<<''
  site_file mounts.d/50.fstab <<<"$site/a /data none x-create=dir,bind,ro"
  options=(-m "$site/b:/data")
  run -0 start ls /data
  assert_output from-option
}

@test "mounts.d: a file of a shipped one's name replaces that" {
  site_file mounts.d/20-config.fstab <<<''
  run start cat /etc/hosts
  refute_output "$(cat /etc/hosts)"
}

@test "mounts.d: errors name file and line" {
  site_file mounts.d/50.fstab <<<$'\n/a /b none bind 0 0 too many'
  run start true
  assert_only_error "$site/mounts.d/50.fstab:2: more than six fields"
  site_file mounts.d/50.fstab <<<$'/etc /mnt none bind,x-create=dir,sise=1'
  run start true
  assert_only_error "$site/mounts.d/50.fstab:1: " 'unknown mount option sise=1'
  site_file mounts.d/50.fstab <<<$'/no/such/path /mnt none bind,x-create=dir'
  run start true
  assert_only_error "$site/mounts.d/50.fstab:1: source path does not exist: /no/such/path"
  site_file mounts.d/50.fstab <<<$'/no/such/path /mnt none bind,x-create=dir,nofail'
  run -0 --separate-stderr start true
  assert_equal "$stderr" ''
}

@test "mounts.d: what others can write is refused" {
  site_file mounts.d/50.fstab <<<''
  chmod 666 "$site/mounts.d/50.fstab"
  run start true
  assert_only_error "$site/mounts.d/50.fstab can be changed by other users" 'chmod go-w'
  chmod 644 "$site/mounts.d/50.fstab"
  chown 12345 "$site/mounts.d/50.fstab"
  run start true
  assert_only_error "$site/mounts.d/50.fstab belongs to another user (uid 12345)"
}

@test "enroot.conf: what others could have written is refused, and none of its commands is executed" {
  site_file enroot.conf <<<"ENROOT_TEMP_PATH \$(touch $TEST_HOME/executed; echo /tmp)"
  site_file enroot.conf.d/10.conf <<<"ENROOT_MAX_PROCESSORS \$(touch $TEST_HOME/executed; echo 1)"
  local file
  for file in "$site/enroot.conf" "$site/enroot.conf.d/10.conf"; do
    rm -f "$TEST_HOME/executed"
    chmod 664 "$file"
    run start true
    assert_only_error "$file can be changed by other users" 'chmod go-w'
    run -1 env -i PATH=/usr/bin:/bin HOME="$TEST_HOME/none" ENROOT_SYSCONF_PATH="$site" ASAN_OPTIONS="${ASAN_OPTIONS:-}" "$PYXIS" list
    assert_only_error "$file can be changed by other users"
    chmod 644 "$file"
    chown 12345 "$file"
    run start true
    assert_only_error "$file belongs to another user (uid 12345)"
    assert [ ! -e "$TEST_HOME/executed" ]
    chown root: "$file"
  done
  run -0 start true
  assert [ -e "$TEST_HOME/executed" ]
}

@test "configuration of the host's root counts in a user namespace, where it seems to be nobody's" {
  site_file environ.d/10.env <<<'A=site'
  inside() { as_user unshare --user --map-current-user --keep-caps "$@"; }
  run -0 inside env ENROOT_SYSCONF_PATH="$site" "$PYXIS" start box sh -c 'echo $A'
  assert_output site
}

# --- environ.d --------------------------------------------------------------------------------------------

@test "environ.d: the image's variables, then the site's, the user's and the command line's" {
  site_file environ.d/10.env <<<$'# comment\nA=site\nB=site\nC=site\nPATH=/site:${PATH}\nQUOTED="a b"'
  my_file environ.d/10.env <<<$'B=mine\nC=mine'
  options=(-e C=given)
  run -0 start sh -c 'echo "$A $B $C $PATH $QUOTED"'
  assert_output "site mine given /site:/usr/bin:/bin a b"
}

@test "environ.d: a bad line, and a setting of the engine, are named" {
  site_file environ.d/10.env <<<$'\nnonsense'
  run start true
  assert_only_error "$site/environ.d/10.env:2: 'nonsense' is not of the form NAME=VALUE"
  site_file environ.d/10.env <<<$'ENROOT_ROOTFS_WRITABLE=yes'
  run start true
  assert_only_error "$site/environ.d/10.env:1: ENROOT_ROOTFS_WRITABLE is a setting"
}

# --- hooks.d ----------------------------------------------------------------------------------------------

@test "hooks.d: the site's in the order of their names, then the user's; what they print is logged" {
  site_hook 20-second.sh <<<$'#!/bin/sh\necho two\necho "[WARN] careful" >&2'
  site_hook 10-first.sh <<<$'#!/bin/sh\necho one'
  site_hook 30-other.bash <<<$'#!/bin/sh\necho no'
  my_hook 05-mine.sh <<<$'#!/bin/sh\necho three'
  run -0 --separate-stderr start echo fine
  assert_output fine
  assert_equal "$stderr" $'[INFO] 10-first.sh: one\n[INFO] 20-second.sh: two\n[WARN] 20-second.sh: careful\n[INFO] 05-mine.sh: three'
}

@test "hooks.d: one that is not executable is left out" {
  site_file hooks.d/10.sh <<<$'#!/bin/sh\nexit 1'
  run -0 start echo fine
  assert_output fine
}

@test "hooks.d: a program of any kind is a hook" {
  mkdir -p "$site/hooks.d"
  cp /usr/bin/true "$site/hooks.d/10.sh"
  run -0 start true
  cp /usr/bin/false "$site/hooks.d/10.sh"
  run start true
  assert_only_error "hook $site/hooks.d/10.sh exited with status 1, and printed nothing"
}

@test "hooks.d: one that takes long is named while it is waited for" {
  as_user mkfifo "$TEST_HOME/go" "$TEST_HOME/log"
  site_hook 10.sh <<<$'#!/bin/sh\nread -r line <"'"$TEST_HOME"$'/go"\necho "$line"'
  start true 2>"$TEST_HOME/log" &
  local said log
  exec {log}<"$TEST_HOME/log"
  read -r -t 60 -u "$log" said
  assert_equal "$said" '[INFO] 10.sh: has been running for 5 s; the container waits for it'
  echo gone on >"$TEST_HOME/go"
  read -r -t 60 -u "$log" said
  assert_equal "$said" '[INFO] 10.sh: gone on'
  exec {log}<&-
  wait $!
}

@test "hooks.d: a failing one fails the start, with its status and what it printed" {
  site_hook 10-works.sh <<<$'#!/bin/sh\n:'
  site_hook 20-fails.sh <<<$'#!/bin/sh\necho "no such device: x"\necho "  see the manual" >&2\nexit 3'
  site_hook 30-later.sh <<<$'#!/bin/sh\necho later'
  run start true
  assert_one_error "hook $site/hooks.d/20-fails.sh exited with status 3:"
  assert_line 'no such device: x'
  assert_line '  see the manual'
  refute_output --partial later
  site_hook 20-fails.sh <<<$'#!/bin/sh\nkill -TERM $$'
  run start true
  assert_one_error "hook $site/hooks.d/20-fails.sh killed by signal 15"
}

@test "hooks.d: one that cannot be executed is named" {
  site_hook 10.sh <<<'echo no interpreter'
  run start true
  assert_only_error "hook: execute $site/hooks.d/10.sh: Exec format error" '#!/bin/bash'
  site_hook 10.sh <<<'#!/no/such/interpreter'
  run start true
  assert_only_error "hook: execute $site/hooks.d/10.sh: No such file or directory" '#!/bin/bash'
}

@test "hooks.d: what others could have written is refused" {
  my_hook 10.sh <<<$'#!/bin/sh\necho hook'
  as_user chmod 757 "$mine/hooks.d/10.sh"
  run start true
  assert_only_error "$mine/hooks.d/10.sh can be changed by other users"
  as_user chmod 775 "$mine/hooks.d/10.sh"
  chgrp nogroup "$mine/hooks.d/10.sh"
  run start true
  assert_only_error "$mine/hooks.d/10.sh can be changed by other users"
  as_user chmod 755 "$mine/hooks.d/10.sh"
  chown 12345 "$mine/hooks.d/10.sh"
  run start true
  assert_only_error "$mine/hooks.d/10.sh belongs to another user (uid 12345)"
  rm "$mine/hooks.d/10.sh"
  as_user chmod 1777 "$mine/hooks.d"
  run start true
  assert_only_error "$mine/hooks.d can be changed by other users"
}

@test "hooks.d: they are not run where another user decides what they read and write" {
  local runtime=$TEST_HOME/not-mine
  site_hook 10.sh <<<$'#!/bin/sh\necho ran >"$ENROOT_RUNTIME_PATH/hooks/ran"'
  install -d -o 12345 -m 777 "$runtime" "$runtime/hooks"
  run start ENROOT_RUNTIME_PATH="$runtime" true
  assert_only_error "directory $runtime belongs to another user (uid 12345)" ENROOT_RUNTIME_PATH
  assert_equal "$(find "$runtime" -type f)" ''
}

@test "with a umask of 0002 the user's own files are as he makes them; the site's are not to be" {
  # shellcheck disable=SC2016
  as_user sh -ec 'umask 0002
    mkdir -p "$0/environ.d" "$0/mounts.d" "$0/hooks.d"
    echo A=mine >"$0/environ.d/10.env"
    echo "tmpfs /scratch tmpfs x-create=dir" >"$0/mounts.d/10.fstab"
    printf "#!/bin/sh\necho a hook\n" >"$0/hooks.d/10.sh"
    chmod +x "$0/hooks.d/10.sh"' "$mine"
  assert_equal "$(stat -c %A "$mine/hooks.d/10.sh")" -rwxrwxr-x
  run -0 start sh -c 'echo "$A"; ls -d /scratch'
  assert_output $'[INFO] 10.sh: a hook\nmine\n/scratch'
  site_file environ.d/10.env <<<A=site
  chmod 664 "$site/environ.d/10.env"
  chgrp "$PYXIS_TEST_USER" "$site/environ.d/10.env"
  run start true
  assert_only_error "$site/environ.d/10.env can be changed by other users"
}

@test "hooks.d: they run in the container's namespaces, privileged there, before the change of the root" {
  site_hook 10.sh <<'END'
#!/bin/bash
set -eu
[[ $$ != "$ENROOT_PID" ]]
[[ $(readlink /proc/self/ns/mnt) == "$(readlink "/proc/$ENROOT_PID/ns/mnt")" ]]
mkdir -p "$ENROOT_ROOTFS/by-hook"
mount -t tmpfs tmpfs "$ENROOT_ROOTFS/by-hook"
echo "$(id -u)" >"$ENROOT_ROOTFS/by-hook/uid"
grep CapEff /proc/self/status
[[ -e /usr/bin/env && -d $ENROOT_ROOTFS/proc/self ]]
END
  run -0 start sh -c 'cat /by-hook/uid; grep CapEff /proc/self/status'
  assert_line --regexp '^\[INFO\] 10.sh: CapEff:.*[1-9a-f]'
  assert_line --regexp '^CapEff:.0+$'
  assert_line "$(id -u "$PYXIS_TEST_USER")"
}

@test "hooks.d: they see the job's environment, the settings in effect, and the container's variables" {
  site_file enroot.conf <<<$'ENROOT_FROM_CONF conf\nENROOT_MOUNT_HOME no'
  site_file environ.d/10.env <<<$'A=site'
  site_hook 10.sh <<'END'
#!/bin/bash
set -eu
echo "$OF_JOB $ENROOT_FROM_CONF $ENROOT_SYSCONF_PATH $ENROOT_CONFIG_PATH"
echo "writable=${ENROOT_ROOTFS_WRITABLE-off} root=${ENROOT_REMAP_ROOT-off} home=${ENROOT_MOUNT_HOME-off}"
grep -E '^(A|HOME)=' "$ENROOT_ENVIRON"
END
  options=(--rw)
  run -0 start OF_JOB=job true
  assert_line "[INFO] 10.sh: job conf $site $mine"
  assert_line '[INFO] 10.sh: writable=y root=off home=off'
  assert_line '[INFO] 10.sh: A=site'
  assert_line "[INFO] 10.sh: HOME=$TEST_HOME"
}

@test "hooks.d: every setting with a default is set, to what is in force" {
  site_hook 10.sh <<'END'
#!/bin/bash
set -eu
echo "$ENROOT_LIBRARY_PATH" >/dev/null
echo "$ENROOT_DATA_PATH $ENROOT_CACHE_PATH $ENROOT_TEMP_PATH $ENROOT_RUNTIME_PATH"
echo "$ENROOT_MAX_PROCESSORS $ENROOT_MAX_CONNECTIONS"
echo "$ENROOT_CONNECT_TIMEOUT $ENROOT_TRANSFER_TIMEOUT $ENROOT_TRANSFER_RETRIES"
echo "$ENROOT_SQUASH_OPTIONS"
echo "flags: $ENROOT_LOGIN_SHELL ${ENROOT_NATIVE_OVERLAYFS-off} ${ENROOT_ALLOW_HTTP-off} ${ENROOT_UNSHARE_IPC-off}"
END
  run -0 start true
  assert_line '[INFO] 10.sh: flags: y y off off'
  assert_line "[INFO] 10.sh: $(store) $(store) /tmp $TEST_HOME/run"
  assert_line "[INFO] 10.sh: $(nproc --all) 10"
  assert_line '[INFO] 10.sh: 30 0 0'
  assert_line '[INFO] 10.sh: -comp zstd -Xcompression-level 3 -b 128K'
  site_file enroot.conf <<<$'ENROOT_MAX_PROCESSORS 1\nENROOT_CONNECT_TIMEOUT 7\nENROOT_SQUASH_OPTIONS -comp xz\nENROOT_NATIVE_OVERLAYFS no\nENROOT_ALLOW_HTTP yes'
  run -0 start ENROOT_TRANSFER_RETRIES=2 true
  assert_line '[INFO] 10.sh: 1 10'
  assert_line '[INFO] 10.sh: 7 0 2'
  assert_line '[INFO] 10.sh: -comp xz'
  assert_line '[INFO] 10.sh: flags: y off y off'
}

@test "hooks.d: what they append to the two files becomes variables and mounts" {
  site_file environ.d/10.env <<<$'A=site\nB=site\nC=a${X}b\nX=$literal "quoted"'
  site_file data/mark <<<''
  site_hook 10.sh <<'END'
#!/bin/bash
set -eu
echo 'A=hook $HOME' >>"$ENROOT_ENVIRON"
sed -i '/^B=/d' "$ENROOT_ENVIRON"
echo '${ENROOT_SYSCONF_PATH}/data /data none x-create=dir,bind,ro' >>"$ENROOT_MOUNTS"
END
  site_hook 20.sh <<<$'#!/bin/sh\ngrep ^A= "$ENROOT_ENVIRON"; cat "$ENROOT_MOUNTS"'
  run -0 start sh -c 'echo "$A|${B-none}|$C|$X"; ls /data'
  assert_line '[INFO] 20.sh: A=hook $HOME'
  assert_line '[INFO] 20.sh: ${ENROOT_SYSCONF_PATH}/data /data none x-create=dir,bind,ro'
  assert_line 'hook $HOME|none|ab|$literal "quoted"'
  assert_line mark
}

@test "hooks.d: bad lines that they append are told with the hook's name" {
  site_hook 10.sh <<<$'#!/bin/sh\nprintf "A=1\\nnonsense" >"$ENROOT_ENVIRON"'
  run start true
  assert_only_error "hook $site/hooks.d/10.sh: ENROOT_ENVIRON line 2: 'nonsense' is not of the form"
  site_hook 10.sh <<<$'#!/bin/sh\necho "/a /b none bind x y z" >>"$ENROOT_MOUNTS"'
  run start true
  assert_only_error "hook $site/hooks.d/10.sh: ENROOT_MOUNTS:1: "
}

@test "hooks.d: common.sh and enroot-mount" {
  site_file data/mark <<<''
  site_hook 10.sh <<'END'
#!/bin/bash
set -euo pipefail
. "$ENROOT_LIBRARY_PATH/common.sh"
common::checkcmd enroot-mount cat
common::log INFO "an information"
common::log warn "a warning" NL
common::log "no level"
common::log DEBUG "nothing"
common::realpath "$ENROOT_SYSCONF_PATH/data/../data"
common::getpwent | cut -d: -f1,3
echo '${ENROOT_SYSCONF_PATH}/data /data none x-create=dir,bind,ro' | enroot-mount --root "$ENROOT_ROOTFS" -
END
  options=(--root)
  run -0 start ls /data
  assert_line '[INFO] 10.sh: an information'
  assert_line '[WARN] 10.sh: a warning'
  assert_line '[INFO] 10.sh: no level'
  refute_output --partial nothing
  assert_line "[INFO] 10.sh: $site/data"
  assert_line "[INFO] 10.sh: $PYXIS_TEST_USER:$(id -u "$PYXIS_TEST_USER")"
  assert_line mark
  local call
  for call in 'common::err "it is broken"' 'common::checkcmd no-such-command' 'common::realpath /no/such/path'; do
    site_hook 10.sh <<<$'#!/bin/bash\n. "$ENROOT_LIBRARY_PATH/common.sh"\n'"x=\$($call) || exit 5"
    run start true
    assert_failure 1
    assert_line --partial "hook $site/hooks.d/10.sh exited with status 5"
    assert_line --regexp '^\[ERROR\] (it is broken|Command not found: no-such-command|No such file or directory: /no/such/path)$'
  done
}

@test "hooks.d: ENROOT_LIBRARY_PATH may be the site's" {
  site_file library/common.sh <<<'echo of the site'
  site_file enroot.conf <<<"ENROOT_LIBRARY_PATH $site/library"
  site_hook 10.sh <<<$'#!/bin/bash\n. "$ENROOT_LIBRARY_PATH/common.sh"'
  run -0 start true
  assert_output '[INFO] 10.sh: of the site'
}

@test "enroot-mount: bad lines, missing sources and targets outside are errors" {
  site_hook 10.sh <<'END'
#!/bin/bash
echo "$LINE" | enroot-mount --root "$ENROOT_ROOTFS" -
END
  run start LINE='/a /b none bind 0 0 more' true
  assert_line --partial '[ERROR] stdin:1: more than six fields'
  run start LINE='/no/such/path /b none bind,x-create=dir' true
  assert_line --partial '[ERROR] stdin:1: source path does not exist: /no/such/path'
  run start LINE='/etc /../etc none bind' true
  assert_line --partial 'Invalid cross-device link'
}

@test "hooks.d: what a hook leaves running does not hold up the start" {
  site_hook 10.sh <<'END'
#!/bin/bash
sleep 300 &
echo $! >"$ENROOT_ROOTFS/tmp/sleeper"
END
  options=(--rw)
  run -0 start cat /tmp/sleeper
  kill "${lines[0]}"
  await_end "${lines[0]}"
}

@test "hooks.d: a hook ends with a start that is killed" {
  mkfifo -m 666 "$TEST_HOME/hangs"
  site_hook 10.sh <<<$'#!/bin/sh\necho $$ >"$HOME/hangs"\nexec sleep 300'
  start true &
  local started=$! hook
  read -r -t 30 hook <"$TEST_HOME/hangs"
  # shellcheck disable=SC2046
  kill -KILL $(prompt_process)
  await_end "$hook"
  local status=0
  wait "$started" || status=$?
  assert [ "$status" -ne 0 ]
  rm "$TEST_HOME/hangs"
}
