# The package that `make rpm` has made. There is no distribution here that has rpm for its own: rpm installs it into a bare
# Debian, which has the libraries, and runs its scriptlets there. The tests go on from each other.

load helpers

setup_file() {
  export ROOT=$BATS_FILE_TMPDIR/root PACKAGES=$repo/build/packages
  export PACKAGE=$PACKAGES/nvslurm-plugin-pyxis-$(<"$repo/VERSION")-1.$(uname -m).rpm
}

rpm_of_root() { # OPTION... [FILE]
  rpm --root "$ROOT" "$@"
}

@test "rpmlint has nothing against it" {
  run -0 rpmlint --config "$repo/packaging/rpm/rpmlint.toml" "$PACKAGE"
}

@test "it requires the release of Slurm that it was built for" {
  local release
  release=$(sed -nE 's/^PYXIS_SLURM_VERSION:.*=([0-9]+\.[0-9]+)\..*/\1/p' "$repo/build/release/CMakeCache.txt")
  run -0 rpm -qp --requires "$PACKAGE"
  assert_line "slurm >= $release"
  assert_line --regexp "^slurm < ${release%.*}\.[0-9]+~$"
}

@test "the same commit gives the same bytes, wherever the clone lies" {
  local clone=$BATS_TEST_TMPDIR/clone
  run -0 git clone -q "$repo" "$clone"
  run -0 "$clone/scripts/package" rpm
  run -0 cmp "$PACKAGE" "$clone/build/packages/${PACKAGE##*/}"
}

@test "rpm installs it with its user, and a job runs" {
  make_bare_root
  # The libraries it needs, by the names that they have there.
  run -0 in_root apt-get install -y --no-install-recommends /mnt/build/packages/"nvslurm-plugin-pyxis_$(<"$repo/VERSION")-1_$(dpkg --print-architecture).deb"
  run -0 in_root apt-get purge -y nvslurm-plugin-pyxis
  run -0 in_root /mnt/scripts/install-deps cluster
  run ! in_root getent passwd _pyxis
  run -0 rpm_of_root -i --nodeps "$PACKAGE"
  run -0 in_root getent passwd _pyxis
  assert_output --partial :/usr/sbin/nologin
  run -0 rpm_of_root -V --nodeps nvslurm-plugin-pyxis
  run -0 jobs_run
  assert_line 0
  assert_line 'from the image'
}

@test "an upgrade leaves the user and what is in use alone" {
  local clone=$BATS_TEST_TMPDIR/clone uid
  uid=$(in_root id -u _pyxis)
  run -0 git clone -q "$repo" "$clone"
  run -0 env PYXIS_PACKAGE_REVISION=2 "$clone/scripts/package" rpm
  run -0 rpm_of_root -U --nodeps "$clone"/build/packages/*-2."$(uname -m)".rpm
  run -0 rpm_of_root -q nvslurm-plugin-pyxis
  assert_output --partial -2.
  run -0 in_root id -u _pyxis
  assert_output "$uid"
  run -0 jobs_run
  assert_line 'from the image'
}

@test "erased, it leaves only its user" {
  run -0 rpm_of_root -e nvslurm-plugin-pyxis
  run find "$ROOT" -xdev -iname '*pyxis*' ! -path "$ROOT/var/log/*" ! -path "$ROOT/var/cache/apt/*" ! -path "$ROOT/var/lib/rpm/*" ! -path "$ROOT/root/*"
  assert_output ''
  run -0 in_root getent passwd _pyxis
}
