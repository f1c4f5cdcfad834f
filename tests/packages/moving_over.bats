# docs/moving-over.md, word for word, on a node that is set up as for pyxis and enroot. Their programs are not there: a plugin
# that does nothing has the old one's place, and there is no systemd, whose part is the cluster's.

load helpers

setup_file() {
  export ROOT=$BATS_FILE_TMPDIR/root
}

old_configuration() {
  local etc=$ROOT/etc
  mkdir -p "$ROOT/usr/local/lib/slurm" "$etc/slurm/plugstack.conf.d" "$etc/enroot"/{hooks.d,mounts.d,environ.d,enroot.conf.d}
  cc -shared -fPIC -o "$ROOT/usr/local/lib/slurm/spank_pyxis.so" "$repo/tests/support/old_plugin.c"
  echo 'required /usr/local/lib/slurm/spank_pyxis.so runtime_path=/run/pyxis execute_entrypoint=0 container_scope=job sbatch_support=1 use_enroot_load=1' \
    >"$etc/slurm/plugstack.conf.d/pyxis.conf"
  cat >"$etc/enroot/enroot.conf" <<'END'
ENROOT_RUNTIME_PATH        /run/enroot/user-$(id -u)
ENROOT_CONFIG_PATH         ${HOME}/.config/enroot
ENROOT_CACHE_PATH          /var/tmp/enroot-cache/user-$(id -u)
ENROOT_DATA_PATH           /var/tmp/enroot-data/user-$(id -u)
ENROOT_TEMP_PATH           /tmp
ENROOT_GZIP_PROGRAM        pigz
ENROOT_ZSTD_OPTIONS        -1
ENROOT_SQUASH_OPTIONS      -noI -noD -noF -noX -no-duplicates
ENROOT_MAX_CONNECTIONS     10
ENROOT_ROOTFS_WRITABLE     yes
ENROOT_MOUNT_HOME          no
ENROOT_RESTRICT_DEV        yes
END
  mkdir -m 1777 "$ROOT"/var/tmp/enroot-{cache,data}
  printf 'SITE_VARIABLE=of the site\n' >"$etc/enroot/environ.d/50-site.env"
  printf '/srv /site none x-create=dir,bind,ro\n' >"$etc/enroot/mounts.d/50-site.fstab"
  printf '#!/bin/sh\nexit 1\n' >"$etc/enroot/hooks.d/10-shadow.sh"
  # shellcheck disable=SC2016
  printf '#!/bin/bash\necho "HOOK_VARIABLE=of the hook" >>"$ENROOT_ENVIRON"\n' >"$etc/enroot/hooks.d/60-site.sh"
  chmod 755 "$etc/enroot/hooks.d"/*.sh
}

# Docker Hub, as far as the chapter needs it, is the registry of the tests.
hub() {
  skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/trixie" "docker://$REGISTRY/hub/library/debian:trixie"
}
mirror() {
  cat <<END
[[registry]]
location = "docker.io"
[[registry.mirror]]
location = "$REGISTRY/hub"
END
}

# The chapter's commands: what stands in a block after the comment TITLE.
commands() { # TITLE
  awk -v title="<!-- $1 -->" '
    $0 == title { wanted = 1; next }
    wanted && /^```/ { inside = !inside; if (!inside) wanted = 0; next }
    inside' "$repo/docs/moving-over.md"
}

@test "the chapter on moving over, word for word, from a node of pyxis and enroot" {
  hub
  make_bare_root
  old_configuration
  cp "$repo"/build/packages/nvslurm-plugin-pyxis_*_"$(dpkg --print-architecture)".deb "$ROOT/srv/"
  commands run >"$ROOT/srv/commands"
  commands 'run as a user' >"$ROOT/srv/commands-of-users"
  assert [ "$(grep -c . "$ROOT/srv/commands")" -ge 12 ]
  cat >"$ROOT/usr/local/bin/systemctl" <<'END'
#!/bin/sh
[ "$*" = 'restart slurmd' ] || exit 1
exec /mnt/scripts/cluster restart node1
END
  chmod 755 "$ROOT/usr/local/bin/systemctl"
  run -0 in_root /mnt/scripts/install-deps cluster
  # shellcheck disable=SC2016
  run -0 in_root bash -ec '
    cd /srv
    export PYXIS_BUILD_DIR=/nowhere
    /mnt/scripts/cluster up --nodes 1
    trap "/mnt/scripts/cluster down" EXIT
    echo "include /etc/slurm/plugstack.conf.d/*.conf" >/var/tmp/pyxis-cluster/plugstack.conf
    /mnt/scripts/cluster restart node1
    /mnt/scripts/cluster run --user alice -- srun echo with the old plugin
    /mnt/scripts/cluster run -- bash -euo pipefail commands
    echo "$1" >/etc/enroot/registries.conf
    /mnt/scripts/cluster run --user alice -- bash -eu /srv/commands-of-users
    /mnt/scripts/cluster run --user alice -- srun --container-image=debian:trixie --container-name=kept \
      sh -c "touch /written; echo \$SITE_VARIABLE, \$HOOK_VARIABLE; ls /site; ls /dev/kmsg || true; id -un"
    /mnt/scripts/cluster run --user alice -- pyxis list
    ls -d /var/tmp/enroot-data/user-*/containers
    ' - "$(mirror)"
  assert_line 'with the old plugin'
  assert_line --regexp '^PRETTY_NAME="Debian GNU/Linux (13|trixie)'
  assert_line 'of the site, of the hook'
  assert_line --partial nvslurm-plugin-pyxis_
  assert_line --partial "'/dev/kmsg': No such file"
  assert_line alice
}
