# What tests of configuration share: a site's directory and the user's own, and a container that is started with them.

setup_file() {
  load helpers
  make_home
  pyxis load -n box "$REGISTRY/busybox"
}
teardown_file() {
  load helpers
  remove_home
}

setup() {
  site=$TEST_HOME/site
  mine=$TEST_HOME/.config/enroot
}
teardown() {
  assert_nothing_left
  rm -rf "$site" "$mine"
}

# A file of root's, as an admin writes it.
site_file() { # NAME < TEXT
  mkdir -p "$site/$(dirname "$1")"
  cat >"$site/$1"
  chmod 644 "$site/$1"
}

# A file of the user's.
my_file() { # NAME < TEXT
  # shellcheck disable=SC2016
  as_user sh -c 'mkdir -p "$(dirname "$1")" && umask 022 && cat >"$1"' - "$mine/$1"
}

start() { # [VARIABLE=value...] COMMAND...
  local settings=()
  while [[ $1 == [A-Z_a-z]*=* ]]; do
    settings+=("$1")
    shift
  done
  pyxis ENROOT_SYSCONF_PATH="$site" "${settings[@]}" start "${options[@]}" box "$@"
}
options=()

site_hook() { # NAME < SCRIPT
  site_file "hooks.d/$1"
  chmod 755 "$site/hooks.d/$1"
}

my_hook() { # NAME < SCRIPT
  my_file "hooks.d/$1"
  as_user chmod 755 "$mine/hooks.d/$1"
}
