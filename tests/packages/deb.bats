# The Debian package that `make deb` has made: installed into a bare system, used, upgraded, purged. The tests go on from
# each other.

load helpers

setup_file() {
  export ROOT=$BATS_FILE_TMPDIR/root PACKAGES=$repo/build/packages
  export PACKAGE=$PACKAGES/nvslurm-plugin-pyxis_$(<"$repo/VERSION")-1_$(dpkg --print-architecture).deb
}

apt_install() { # FILE
  cp "$1" "$ROOT/srv/"
  in_root apt-get install -y --no-install-recommends "/srv/${1##*/}"
}

@test "lintian has nothing against it" {
  run -0 lintian --allow-root --fail-on error,warning "$PACKAGES"/*.changes
}

@test "it depends on the release of Slurm that it was built for" {
  run -0 dpkg-deb --field "$PACKAGE" Depends
  local release
  release=$(sed -nE 's/^PYXIS_SLURM_VERSION:.*=([0-9]+\.[0-9]+)\..*/\1/p' "$repo/build/release/CMakeCache.txt")
  # Debian's packages of it, or those of SchedMD's sources.
  assert_regex "$output" "slurm-wlm-basic-plugins \(>= $release\) \| slurm-smd \(>= $release\), slurm-wlm-basic-plugins \(<< ([0-9.]+~)\) \| slurm-smd \(<< [0-9.]+~\)"
}

@test "the same commit gives the same bytes, wherever the clone lies" {
  local clone=$BATS_TEST_TMPDIR/clone
  run -0 git clone -q "$repo" "$clone"
  run -0 env DEB_BUILD_OPTIONS=noautodbgsym "$clone/scripts/package" deb
  run -0 cmp "$PACKAGE" "$clone/build/packages/${PACKAGE##*/}"
}

# A node whose slurmd reads /etc/slurm/plugstack.conf, as installed ones do. There is no systemd, whose part is the cluster's.
# Registries of the world are the one of the tests.
as_a_node() { # NAME=IMAGE... of nvcr.io
  local image
  for image in "$@"; do
    skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/${image#*=}" "docker://$REGISTRY/ngc/${image%=*}"
  done
  mkdir -p "$ROOT/etc/enroot"
  printf '[[registry]]\nlocation = "nvcr.io"\n[[registry.mirror]]\nlocation = "%s/ngc"\n' "$REGISTRY" >"$ROOT/etc/enroot/registries.conf"
  printf '#!/bin/sh\n[ "$*" = "restart slurmd" ] && exec /mnt/scripts/cluster restart node1\n' >"$ROOT/usr/local/bin/systemctl"
  chmod 755 "$ROOT/usr/local/bin/systemctl"
}

@test "in a bare Debian 12: the README's commands install it, and those of the admin guide work" {
  make_bare_root
  "$repo/tests/support/blocks" "$repo/README.md" "$ROOT/srv/readme" Install
  run -0 "$repo/tests/support/blocks" "$repo/docs/admin.md" "$ROOT/srv/guide"
  assert [ "$output" -ge 5 ]
  as_a_node nvidia/pytorch:23.12-py3=busybox nvidia/pytorch:24.01-py3=zstd
  run -0 in_root apt-get install -y --no-install-recommends sudo jq
  run -0 in_root /mnt/scripts/install-deps cluster
  # shellcheck disable=SC2016
  run -0 in_root bash -ec '
    cluster=/mnt/scripts/cluster
    PYXIS_BUILD_DIR=/nowhere $cluster up --nodes 1
    trap "$cluster down" EXIT
    echo "include /etc/slurm/plugstack.conf" >/var/tmp/pyxis-cluster/plugstack.conf
    cd /mnt
    yes | $cluster run -- bash -euo pipefail "$(grep -l "apt install" /srv/readme/*.sh)"
    pyxis version
    userdel _pyxis
    mkdir /srv/here
    echo authority >/srv/here/site-ca.pem
    for block in /srv/guide/*.sh; do
      if grep -q "pyxis-storage images" "$block"; then
        for tag in 23.12-py3 24.01-py3; do
          $cluster run --user alice -- srun --container-image="nvcr.io/nvidia/pytorch:$tag" /bin/true
        done
        find /var/tmp/pyxis-cluster -path "*/uses/*" -exec touch -d "1 hour ago" {} +
      fi
      echo "block ${block##*/}"
      $cluster run --node node1 -- env -C /srv/here bash -euo pipefail "$block"
    done
    $cluster run --node node1 -- /usr/libexec/pyxis-storage images
    cd /srv/here
    ls doctor.*.json /etc/enroot/certs.d/registry.example.com:5000'
  assert_line --regexp '^docker://nvcr.io/nvidia/pytorch:24.01-py3 .* pinned '
  assert_line doctor.node1.json
  assert_line ca.crt
  run -0 jobs_run
  assert_line 0
  assert_line 'from the image'
}

@test "an upgrade keeps what the site has changed" {
  echo '# of the site' >>"$ROOT/etc/enroot/mounts.d/10-system.fstab"
  dpkg-deb -R "$PACKAGE" "$BATS_TEST_TMPDIR/next"
  sed -i 's/^Version: .*/Version: 1:99-1/' "$BATS_TEST_TMPDIR/next/DEBIAN/control"
  echo '# of the next release' >>"$BATS_TEST_TMPDIR/next/etc/enroot/mounts.d/20-config.fstab"
  dpkg-deb --root-owner-group -b "$BATS_TEST_TMPDIR/next" "$BATS_TEST_TMPDIR/next.deb"
  run -0 apt_install "$BATS_TEST_TMPDIR/next.deb"
  run -0 in_root dpkg-query -f '${Version}' -W nvslurm-plugin-pyxis
  assert_output 1:99-1
  run -0 tail -qn1 "$ROOT/etc/enroot/mounts.d/10-system.fstab" "$ROOT/etc/enroot/mounts.d/20-config.fstab"
  assert_output $'# of the site\n# of the next release'
  run -0 jobs_run
  assert_line 'from the image'
}

@test "purged, it leaves nothing" {
  # What the administrator has put there himself.
  rm -r "$ROOT"/srv/* "$ROOT/etc/slurm/plugstack.conf.d/pyxis.conf" "$ROOT"/etc/enroot/{registries.conf,certs.d}
  run -0 in_root getent passwd _pyxis
  assert [ -d "$ROOT/var/lib/pyxis" ]
  run -0 in_root apt-get purge -y nvslurm-plugin-pyxis
  refute_output --partial 'not empty'
  run in_root getent passwd _pyxis
  assert_output ''
  run find "$ROOT" -xdev -iname '*pyxis*' ! -path "$ROOT/var/log/*" ! -path "$ROOT/var/cache/apt/*"
  assert_output ''
  assert [ ! -e "$ROOT/etc/enroot" ]
}
