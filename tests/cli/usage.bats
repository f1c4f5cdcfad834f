# What the program says about itself, and what it says to commands it does not understand.

load helpers

setup() { make_home; }
teardown() { remove_home; }

commands=(load pull start batch bundle exec list remove images digest doctor info version help)

@test "version is bare" {
  run -0 pyxis version
  assert_output --regexp '^[0-9]+\.[0-9]+\.[0-9]+$'
}

@test "help names every command, and goes to stdout" {
  local command
  for request in help --help -h; do
    run -0 --separate-stderr pyxis "$request"
    assert_equal "$stderr" ""
    for command in "${commands[@]}"; do assert_line --regexp "^  $command +[A-Z]"; done
  done
}

@test "help of a command is that of its --help, with the whole usage and its own footer" {
  local command
  for command in "${commands[@]}"; do
    run -0 pyxis help "$command"
    assert_line --regexp "^Usage: pyxis $command"
    refute_output --partial "pyxis remove work"
    local explained=$output
    run -0 pyxis "$command" --help
    assert_output "$explained"
  done
}

@test "help of what is no command is an error" {
  run pyxis help nothing
  assert_only_error "no command named 'nothing'"
}

@test "an image file that is not there is named, and one named without a directory is not looked for in silence" {
  run pyxis load ./x.sqsh
  assert_only_error "x.sqsh: No such file or directory"
  run pyxis load "$REGISTRY/x.sqsh"
  assert_only_error "404 Not Found" "for a file write ./$REGISTRY/x.sqsh"
  run pyxis ENROOT_TRANSFER_RETRIES=1 load 127.0.0.1:9/x.sqsh
  assert_only_error "Connection refused" "for a file write ./127.0.0.1:9/x.sqsh; else check that"
}

@test "the name of an image is not taken for that of a container" {
  run pyxis start registry.example/team/app
  assert_only_error "'registry.example/team/app' is the name of an image, not of a container" "pyxis load registry.example/team/app"
}

@test "a misspelt command is put right" {
  run pyxis remov x
  assert_only_error "no command named 'remov'; did you mean 'remove'?"
}

@test "an unknown command is named, with the usage" {
  run --separate-stderr pyxis frobnicate
  assert_equal "$output" ""
  output=$stderr assert_one_error frobnicate "Usage: pyxis"
}

@test "no command at all shows the usage" {
  run --separate-stderr pyxis
  assert_equal "$output" ""
  output=$stderr assert_one_error "Usage: pyxis"
}

@test "unknown options and missing or excess arguments show the command's usage" {
  local line
  for line in 'load' 'load --bogus image' 'load one two' 'pull' 'digest' 'digest --bogus' 'start' 'start --bogus name' 'exec' 'exec x true' \
    'list --bogus' 'list excess' 'remove' 'images --bogus' 'info --bogus' 'version excess'; do
    # shellcheck disable=SC2086
    run pyxis $line
    assert_one_error "Usage: pyxis ${line%% *}"
  done
}

@test "info shows the settings in force and where they come from" {
  run -0 pyxis info
  assert_line --regexp "^ENROOT_DATA_PATH +$TEST_HOME/.local/share/pyxis$"
  assert_line --regexp "^ENROOT_CONFIG_PATH +$TEST_HOME/.config/enroot$"
  assert_line --regexp "^ENROOT_MAX_CONNECTIONS +10$"
  run -0 pyxis ENROOT_DATA_PATH=/somewhere ENROOT_MAX_CONNECTIONS=3 ENROOT_ROOTFS_WRITABLE=yes XDG_CONFIG_HOME=/config info
  assert_line --regexp '^ENROOT_DATA_PATH +/somewhere$'
  assert_line --regexp '^ENROOT_CONFIG_PATH +/config/enroot$'
  assert_line --regexp '^ENROOT_MAX_CONNECTIONS +3$'
  assert_line --regexp '^ENROOT_ROOTFS_WRITABLE +yes$'
}

@test "settings come from enroot.conf and enroot.conf.d, and the environment wins" {
  as_user mkdir -p "$TEST_HOME/etc/enroot.conf.d"
  as_user tee "$TEST_HOME/etc/enroot.conf" >/dev/null <<'END'
# a comment
ENROOT_MAX_CONNECTIONS 4
ENROOT_DATA_PATH = "${HOME}/data"
ENROOT_CONFIG_PATH $(printf %s /from/a/shell)
END
  as_user tee "$TEST_HOME/etc/enroot.conf.d/10-site.conf" >/dev/null <<<'ENROOT_REMAP_ROOT=yes'
  as_user tee "$TEST_HOME/etc/enroot.conf.d/ignored.conf~" >/dev/null <<<'ENROOT_MOUNT_HOME yes'
  run -0 pyxis ENROOT_SYSCONF_PATH="$TEST_HOME/etc" info
  assert_line --regexp "^ENROOT_MAX_CONNECTIONS +4$"
  assert_line --regexp "^ENROOT_DATA_PATH +$TEST_HOME/data$"
  assert_line --regexp "^ENROOT_CONFIG_PATH +/from/a/shell$"
  assert_line --regexp "^ENROOT_REMAP_ROOT +yes$"
  assert_line --regexp "^ENROOT_MOUNT_HOME +no$"
  run -0 pyxis ENROOT_SYSCONF_PATH="$TEST_HOME/etc" ENROOT_MAX_CONNECTIONS=5 info
  assert_line --regexp "^ENROOT_MAX_CONNECTIONS +5$"
}

@test "a wrong setting is named with its file and line, or its variable" {
  as_user mkdir "$TEST_HOME/etc"
  as_user tee "$TEST_HOME/etc/enroot.conf" >/dev/null <<<$'\nENROOT_DATA_PATH /x\nPATH /tmp'
  run pyxis ENROOT_SYSCONF_PATH="$TEST_HOME/etc" info
  assert_only_error "$TEST_HOME/etc/enroot.conf:3" PATH
  run pyxis ENROOT_REMAP_ROOT=perhaps info
  assert_only_error ENROOT_REMAP_ROOT perhaps
  run pyxis ENROOT_MAX_CONNECTIONS=many info
  assert_only_error ENROOT_MAX_CONNECTIONS many
}

@test "an image file is not pulled: it starts as it is" {
  local uri
  for uri in ./image.sqsh /image.sqsh; do
    run pyxis pull "$uri"
    assert_only_error "$uri is an image file, and starts as it is" "pyxis create $uri"
  done
}

@test "a name that is no image is refused before any network" {
  local uri
  for uri in UPPER/case 'sp ace' docker:// docker://host:port/x image@sha256:short image:ta/g; do
    run pyxis pull "$uri"
    assert_only_error
  done
}

@test "names of containers that cannot be directories are refused" {
  local name
  for name in a/b . .. "$(printf 'x%.0s' {1..256})"; do
    run pyxis load -n "$name" "$FAULTD/ok/busybox"
    assert_only_error "container name"
    run pyxis remove -f "$name"
    assert_only_error "container name"
  done
  run pyxis load -n a/b "$FAULTD/ok/busybox"
  assert_only_error "container name 'a/b' has a '/'" "choose a name without it"
  assert_equal "$(pyxis list)" ""
  assert_equal "$(layer_count)" 0
}
