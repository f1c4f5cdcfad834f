# The lines of mounts.d: what containers get without any, and what can be said in them.

load helpers
load site

# What mountinfo says of the mounts at and below PATH: mount points and their options.
mounts_at() { # PATH
  # shellcheck disable=SC2016
  start awk -v at="$1" '$5 == at || index($5, at "/") == 1 { print $5, $6 }' /proc/self/mountinfo
}

@test "mounts.d: without any, the kernel's file systems are mounted as they should be" {
  local path option
  for path in /proc /sys /dev; do
    run -0 mounts_at "$path"
    assert_line --regexp "^$path "
    for option in nosuid noexec; do assert_equal "$(grep -vE "[ ,]$option(,|\$)" <<<"$output")" ""; done
    [[ $path == /dev ]] || assert_equal "$(grep -vE '[ ,]nodev(,|$)' <<<"$output")" ""
    [[ $path != /sys ]] || assert_equal "$(grep -vE '[ ,]ro(,|$)' <<<"$output")" ""
  done
  # Recursive binds: what is mounted below them on the node is there.
  assert_line --regexp '^/dev/.'
  run -0 start sh -c 'echo x >/dev/null && head -c 1 /dev/zero | wc -c'
  assert_output 1
}

@test "mounts.d: without any, the identity of the node is there and cannot be changed" {
  local name seen=0
  options=(--rw --root)
  for name in hosts hostname resolv.conf machine-id; do
    [[ -e /etc/$name ]] || continue
    seen=$((seen + 1))
    run -0 start cat "/etc/$name"
    assert_output "$(<"/etc/$name")"
    run -0 mounts_at "/etc/$name"
    assert_output --regexp "^/etc/$name ro,"
    run start sh -c "echo x >>/etc/$name"
    assert_failure
  done
  assert [ "$seen" -ge 3 ]
}

@test "mounts.d: file systems of the kernel by their type" {
  site_file one/a <<<one
  site_file two/b <<<two
  site_file mounts.d/50.fstab <<END
tmpfs    /tmp            tmpfs    x-create=dir,nosuid,nodev,size=1m,mode=1777
tmpfs    /var/lock/deep  tmpfs    x-create=dir
mqueue   /queues         mqueue   x-create=dir,nosuid
overlay  /both           overlay  x-create=dir,ro,lowerdir=$site/one:$site/two
END
  options=(--ipc)
  # shellcheck disable=SC2016
  run -0 start sh -c 'awk '"'"'$5 ~ "^/(tmp|var/lock/deep|queues|both)$" { print $5, $(NF - 2) }'"'"' /proc/self/mountinfo
    cat /both/a /both/b; stat -c %a /tmp; echo x >/tmp/x && ! head -c 2000000 /dev/zero >/tmp/y && stat -c "%s in /tmp" /tmp/y'
  assert_line '/tmp tmpfs'
  assert_line '/var/lock/deep tmpfs'
  assert_line '/queues mqueue'
  assert_line '/both overlay'
  assert_line one
  assert_line two
  assert_line 1777
  assert_line --regexp '^[0-9]{5,7} in /tmp$'
  refute_line '2000000 in /tmp'
}

@test "mounts.d: x-create makes the mount point, and without it there has to be one" {
  site_file data/file <<<text
  site_file mounts.d/50.fstab <<END
$site/data       /made/dir   none  x-create=dir,bind
$site/data/file  /made/file  none  x-create=file,bind
$site/data       /made/like  none  x-create=auto,bind
$site/data/file  /made/this  none  x-create=auto,bind
END
  run -0 start sh -c 'cat /made/dir/file /made/file /made/like/file /made/this'
  assert_output $'text\ntext\ntext\ntext'
  site_file mounts.d/50.fstab <<<"$site/data /absent none bind"
  run start true
  assert_only_error "$site/mounts.d/50.fstab:1: mount $site/data on /absent" 'No such file or directory' x-create=auto
}

@test "mounts.d: nofail leaves out what cannot be mounted, and silent says nothing" {
  site_file mounts.d/50.fstab <<<'x /mnt nosuchfs x-create=dir,nofail'
  run -0 --separate-stderr start echo started
  assert_output started
  assert_equal "$(grep -c . <<<"$stderr")" 1
  assert_regex "$stderr" "^\[WARN\] $site/mounts.d/50.fstab:1: mount nosuchfs on /mnt: .*No such device"
  site_file mounts.d/50.fstab <<<'x /mnt nosuchfs x-create=dir,nofail,silent'
  run -0 --separate-stderr start echo started
  assert_output started
  assert_equal "$stderr" ''
  site_file mounts.d/50.fstab <<<'x /mnt nosuchfs x-create=dir,silent'
  run start true
  assert_only_error "$site/mounts.d/50.fstab:1: mount nosuchfs on /mnt" 'No such device'
}

@test "mounts.d: the last field says before or after the hooks" {
  site_file data/mark <<<''
  site_file mounts.d/50.fstab <<END
$site/data /early none x-create=dir,bind 0 -1
$site/data /late  none x-create=dir,bind 0 0
END
  site_hook 10.sh <<'END'
#!/bin/sh
echo "early: $(ls "$ENROOT_ROOTFS/early"), late: $(ls -d "$ENROOT_ROOTFS/late" 2>/dev/null || echo not yet)"
END
  run -0 start ls /early /late
  assert_line '[INFO] 10.sh: early: mark, late: not yet'
  assert_equal "$(grep -c '^mark$' <<<"$output")" 2
}
