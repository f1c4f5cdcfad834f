# What `make install` puts where.

load helpers

configured() { # VARIABLE: of the build that the cluster has, too
  sed -n "s/^$1:[A-Z]*=//p" "$repo/build/release/CMakeCache.txt"
}

@test "make install puts everything below DESTDIR and the prefix" {
  local at=$BATS_TEST_TMPDIR/root prefix=/usr/local path
  [[ $(configured CMAKE_INSTALL_PREFIX) == "$prefix" ]] || fail 'build/release is configured for another prefix'
  run -0 make -C "$repo" install DESTDIR="$at"
  for path in lib/slurm/spank_pyxis.so bin/pyxis libexec/pyxis-ask libexec/pyxis-import share/pyxis/pyxis.conf \
    lib/systemd/system/pyxis-collect.service lib/systemd/system/pyxis-collect.timer lib/sysusers.d/pyxis.conf lib/tmpfiles.d/pyxis.conf \
    share/man/man1/pyxis.1 share/bash-completion/completions/pyxis share/zsh/site-functions/_pyxis share/pyxis/apparmor/pyxis; do
    assert [ -f "$at$prefix/$path" ]
  done
  assert_equal "$(<"$at$prefix/share/pyxis/pyxis.conf")" "required $prefix/lib/slurm/spank_pyxis.so"
  for path in "$repo"/conf/mounts.d/*.fstab; do cmp "$path" "$at/etc/enroot/mounts.d/$(basename "$path")"; done
  # What a site has changed stays as it is, and what it has not goes when all is uninstalled.
  echo '# of the site' >"$at/etc/enroot/mounts.d/10-system.fstab"
  run -0 make -C "$repo" install DESTDIR="$at"
  assert_equal "$(<"$at/etc/enroot/mounts.d/10-system.fstab")" '# of the site'
  run -0 make -C "$repo" uninstall DESTDIR="$at"
  assert_equal "$(find "$at" ! -type d)" "$at/etc/enroot/mounts.d/10-system.fstab"
}

@test "systemd takes the units of the timer that collects, whose program is where it is installed" {
  local at=$BATS_TEST_TMPDIR units
  run -0 cmake --install "$repo/build/release" --prefix "$at"
  units=$at/lib/systemd/system
  assert_equal "$(sed -n 's/^ExecStart=//p' "$units/pyxis-collect.service")" "$(configured CMAKE_INSTALL_PREFIX)/libexec/pyxis-storage collect \$LIMITS"
  # It must be there to be verified.
  sed -i "s|^ExecStart=.*/libexec|ExecStart=$at/libexec|" "$units/pyxis-collect.service"
  run -0 systemd-analyze verify --man=no "$units/pyxis-collect.service" "$units/pyxis-collect.timer"
  assert_output ''
}

@test "libdir and datadir are honoured, and the line for plugstack.conf names the plugin where it is" {
  local words
  # As `make` calls it, for a build of its own: nothing needs to be compiled to see where it would go.
  words=$(make -C "$repo" --dry-run configure prefix=/opt/px libdir=/opt/px/lib64 datadir=/srv/share | tr -d '\\\n')
  [[ $words =~ --preset\ release\ (-D.*) ]] || fail "$words"
  # shellcheck disable=SC2086
  run -0 cmake -S "$repo" -B "$BATS_TEST_TMPDIR/build" -G Ninja -DPYXIS_TESTS=OFF ${BASH_REMATCH[1]}
  assert_equal "$(<"$BATS_TEST_TMPDIR/build/src/spank/pyxis.conf")" 'required /opt/px/lib64/slurm/spank_pyxis.so'
  run grep -hoE 'file\(INSTALL DESTINATION "[^"]*' "$BATS_TEST_TMPDIR/build/src/spank/cmake_install.cmake"
  # shellcheck disable=SC2016
  assert_output $'file(INSTALL DESTINATION "${CMAKE_INSTALL_PREFIX}/lib64/slurm\nfile(INSTALL DESTINATION "/srv/share/pyxis'
}

@test "the plugin says which release of Slurm it was built for" {
  local plugin=$repo/build/release/src/spank/spank_pyxis.so include number address
  include=$(configured SLURM_INCLUDE_DIR)
  number=$(sed -nE 's/.*define SLURM_VERSION_NUMBER +(0x[0-9a-f]+).*/\1/p' "$include/slurm/slurm_version.h")
  # What Slurm compares with its own number: the four bytes of plugin_version, the lowest first.
  address=0x$(nm -D "$plugin" | awk '$3 == "plugin_version" { print $1 }')
  run -0 objdump -s -j .rodata --start-address="$address" --stop-address=$((address + 4)) "$plugin"
  [[ ${lines[-1]} =~ ^\ *[0-9a-f]+\ (..)(..)(..)(..)\  ]] || fail "$output"
  assert_equal "$((0x${BASH_REMATCH[4]}${BASH_REMATCH[3]}${BASH_REMATCH[2]}${BASH_REMATCH[1]}))" "$((number))"
  # Shown where it is configured, and kept there.
  [[ $(configured PYXIS_SLURM_VERSION) =~ ^([0-9]+)\.([0-9]+)\.([0-9]+)$ ]] || fail "$(configured PYXIS_SLURM_VERSION)"
  assert_equal "$((BASH_REMATCH[1] << 16 | 10#${BASH_REMATCH[2]} << 8 | BASH_REMATCH[3]))" "$((number))"
}
