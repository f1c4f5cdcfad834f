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

@test "in a bare Debian 12: apt installs it, one line in plugstack.conf, and a job runs" {
  make_bare_root
  run -0 apt_install "$PACKAGE"
  run -0 in_root pyxis version
  run -0 in_root /mnt/scripts/install-deps cluster
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
  run -0 in_root getent passwd _pyxis
  assert [ -d "$ROOT/var/lib/pyxis" ]
  run -0 in_root apt-get purge -y nvslurm-plugin-pyxis
  refute_output --partial 'not empty'
  run in_root getent passwd _pyxis
  assert_output ''
  rm -f "$ROOT"/srv/*.deb
  run find "$ROOT" -xdev -iname '*pyxis*' ! -path "$ROOT/var/log/*" ! -path "$ROOT/var/cache/apt/*"
  assert_output ''
  assert [ ! -e "$ROOT/etc/enroot" ]
}
