# Tasks on several nodes, one container on each; who the user is inside and out.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
  install -d -o alice -m 755 "$SUITE/tasks"
}

@test "the tasks of a node share /dev/shm and files, those of two nodes do not" {
  run -0 --separate-stderr step -N2 -n4 -w node1,node2 --ntasks-per-node=2 --container-image="$IMAGE" sh -c '
    mkfifo "/dev/shm/$SLURM_JOB_ID" 2>/dev/null || true
    if [ "$SLURM_LOCALID" = 0 ]; then echo "hello from $SLURMD_NODENAME" >"/dev/shm/$SLURM_JOB_ID"; else read -r line <"/dev/shm/$SLURM_JOB_ID"; echo "$line"; rm "/dev/shm/$SLURM_JOB_ID"; fi'
  assert_equal "$(sort <<<"$output")" $'hello from node1\nhello from node2'
  assert_nothing_left node1
  assert_nothing_left node2
}

@test "the failure of a start is said once, by its cause, and fails every task of every node" {
  run --separate-stderr step -N2 -n8 -w node1,node2 --container-image="$REGISTRY/no/such" echo ran
  assert_failure
  assert_output ''
  assert_equal "$(grep -c 'pyxis: failed to import docker image: '"$REGISTRY/no/such"'$' <<<"$stderr")" 2  # once on each node
  assert_equal "$(grep -c 'MANIFEST_UNKNOWN\|NAME_UNKNOWN' <<<"$stderr")" 2
  assert_nothing_left node1
  assert_nothing_left node2
}

# --- who one is -----------------------------------------------------------------------------------------

@test "one uid and one gid are mapped: the own ones to themselves" {
  run -0 --separate-stderr step --container-image="$IMAGE" sh -c \
    'awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map /proc/self/gid_map; id -un; grep -E "^(Seccomp|CapEff):" /proc/self/status'
  assert_output "$(id -u alice) $(id -u alice) 1
$(id -g alice) $(id -g alice) 1
alice
CapEff:	0000000000000000
Seccomp:	2"
}

@test "remapped, root inside is the user outside" {
  run -0 --separate-stderr step --container-image="$IMAGE" --container-remap-root --container-mounts="$SUITE/tasks:/out" sh -c \
    'awk "{ print \$1, \$2, \$3 }" /proc/self/uid_map /proc/self/gid_map; id -un; grep Seccomp: /proc/self/status; touch /out/made; stat -c %u /out/made
     mkdir /mnt && mount -t tmpfs none /mnt && touch /mnt/x && echo mounted'
  assert_output "0 $(id -u alice) 1
0 $(id -g alice) 1
root
Seccomp:	2
0
mounted"
  assert_equal "$(stat -c %U "$SUITE/tasks/made")" alice
}

@test "supplementary groups keep their access" {
  # scripts/cluster puts the users it makes into this group.
  [[ " $(id -nG alice) " == *' users '* ]] || fail 'alice is not in the group users'
  echo 'for the group' >"$SUITE/tasks/grouped"
  chown root:users "$SUITE/tasks/grouped"
  chmod 640 "$SUITE/tasks/grouped"
  run -0 --separate-stderr step --container-image="$IMAGE" --container-mounts="$SUITE/tasks/grouped:/grouped" cat /grouped
  assert_output 'for the group'
  run -0 --separate-stderr step --container-image="$IMAGE" --container-remap-root --container-mounts="$SUITE/tasks/grouped:/grouped" cat /grouped
  assert_output 'for the group'
  run --separate-stderr step_of bob --container-image="$IMAGE" --container-mounts="$SUITE/tasks/grouped:/grouped" sh -c 'cat /grouped; echo x >>/grouped'
  assert_failure
  assert_output 'for the group'
}

# --- writing --------------------------------------------------------------------------------------------

# Not what is beside it: layers are marked when they have reached the disk.
content_of_layers() {
  local layer
  for layer in "$(store)"/layers/sha256/*/fs; do "$repo/tests/support/list-tree" "$layer"; done | sha256sum
}

make_debian_package() { # DIRECTORY
  local tree=$BATS_TEST_TMPDIR/package
  mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$tree/var/lib/pyxis-test"
  printf '%s\n' 'Package: pyxis-test' 'Version: 1.0' 'Architecture: all' 'Maintainer: Pyxis <root@localhost>' 'Description: a test' >"$tree/DEBIAN/control"
  printf '#!/bin/sh\nset -e\nchown www-data:www-data /var/lib/pyxis-test\nchmod 2750 /var/lib/pyxis-test\necho configured >/var/lib/pyxis-test/state\n' >"$tree/DEBIAN/postinst"
  printf '#!/bin/sh\necho "installed, state: $(cat /var/lib/pyxis-test/state)"\n' >"$tree/usr/bin/pyxis-test"
  chmod 755 "$tree/DEBIAN/postinst" "$tree/usr/bin/pyxis-test"
  dpkg-deb --root-owner-group --build "$tree" "$1/pyxis-test.deb" >/dev/null
}

# Installs in a container with a name and in one without, as root inside; neither is seen by the next one of that image.
assert_installs() { # IMAGE COMMAND
  local layers
  run -0 step --container-image="$1" true
  layers=$(content_of_layers)
  local name
  for name in '' packages; do
    run -0 --separate-stderr step --container-image="$1" ${name:+--container-name="$name"} --container-remap-root \
      --container-mounts="$SUITE/tasks:/packages:ro" sh -ec "$2; pyxis-test"
    assert_line 'installed, state: configured'
  done
  run -0 --separate-stderr step --container-name=packages pyxis-test
  assert_output 'installed, state: configured'
  run --separate-stderr step --container-image="$1" pyxis-test
  assert_failure
  assert_equal "$(content_of_layers)" "$layers"
  forget_containers
}

@test "packages are installed by apt and dpkg as root inside, and the image stays as it is" {
  make_debian_package "$SUITE/tasks"
  local release
  for release in bookworm trixie; do
    assert_installs "$REGISTRY/$release" 'apt-get install -y /packages/pyxis-test.deb; dpkg -s pyxis-test | grep -x "Status: install ok installed"'
  done
}

@test "so they are by dnf and rpm" {
  cat >"$SUITE/tasks/pyxis-test.spec" <<'END'
Name: pyxis-test
Version: 1.0
Release: 1
Summary: a test
License: none
BuildArch: noarch
%description
A program, and a directory that is not root's.
%package sh
Summary: what dpkg has installed
Provides: /bin/sh
%description sh
Nothing.
%files sh
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/var/lib/pyxis-test
printf '#!/bin/sh\necho "installed, state: $(cat /var/lib/pyxis-test/state)"\n' >%{buildroot}/usr/bin/pyxis-test
%post
chown www-data:www-data /var/lib/pyxis-test
echo configured >/var/lib/pyxis-test/state
%files
%attr(755, root, root) /usr/bin/pyxis-test
%attr(2750, daemon, mail) /var/lib/pyxis-test
END
  assert_installs "$REGISTRY/rpm" 'cd /tmp; rpmbuild -bb --define "_rpmdir /tmp" /packages/pyxis-test.spec
    dnf -y --releasever=1 install /tmp/noarch/pyxis-test-*.rpm; rpm -q pyxis-test'
}

# --- namespaces of its own ------------------------------------------------------------------------------

@test "--container-unshare gives namespaces of its own; without it they are the node's" {
  local kind show='for kind in net ipc uts pid; do readlink /proc/self/ns/$kind; done'
  run -0 --separate-stderr step --container-image="$REGISTRY/trixie" sh -c "$show; hostname"
  local shared=$output
  assert_equal "$shared" "$(on node1 bash -c "$show; hostname")"
  run -0 --separate-stderr step --container-image="$REGISTRY/trixie" --container-remap-root --container-unshare=net,ipc,uts sh -c "$show; hostname elsewhere && hostname"
  assert_line elsewhere
  assert_equal "$(on node1 hostname)" node1
  for kind in net ipc uts; do refute_line "$(grep "^$kind:" <<<"$shared")"; done
  assert_line "$(grep '^pid:' <<<"$shared")"
}

@test "resource limits and the umask of the job hold inside" {
  run -0 --separate-stderr as alice bash -c "ulimit -S -n 321; ulimit -S -c 0; umask 027
    exec srun --jobid=$ALICE_JOB --overlap -N1 -n1 -w node1 --propagate=NOFILE,CORE --container-image=$IMAGE sh -c 'ulimit -n; ulimit -c; umask'"
  assert_output $'321\n0\n0027'
}

@test "the container has a cgroup namespace of its own, which all its tasks are in" {
  run -0 --separate-stderr step -n3 --container-image="$IMAGE" readlink /proc/self/ns/cgroup
  assert_equal "$(sort -u <<<"$output" | wc -l)" 1
  refute_line "$(on node1 readlink /proc/self/ns/cgroup)"
}
