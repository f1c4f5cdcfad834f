# shellcheck shell=bash
# The built project, as the cluster uses it: installed into the cluster's own prefix, where every user can reach it
# wherever the clone lies, and named in plugstack.conf. Or what a package has installed. Needs common.sh; reads $dir, $installed.

package_line=/usr/share/pyxis/pyxis.conf

install_pyxis() {
    if [[ $installed == yes ]]; then
        [[ -e $package_line ]] || die "Pyxis is not installed: there is no $package_line" "Remedy: install its package, or leave --installed out."
        return
    fi
    local build=${PYXIS_BUILD_DIR:-$repo/build/release}
    if [[ ! -e $build/CMakeCache.txt ]]; then
        say "nothing is built in $build: the cluster comes up without Pyxis"
        return
    fi
    if grep -Eq '^CMAKE_INSTALL_(LIB|DATA|BIN)DIR:[A-Z]+=/' "$build/CMakeCache.txt"; then
        die "$build is configured to install outside its prefix" "Remedy: scripts/cluster takes a build whose libdir and datadir lie below prefix (make clean all)."
    fi
    cmake --install "$build" --prefix "$dir/prefix" >"$dir/install.log" 2>&1 ||
        die "installing from $build failed" "$(grep -A 2 -m 1 "^CMake Error" "$dir/install.log" || tail -n 3 "$dir/install.log")" "Is it built? Remedy: make"
    chmod -R a+rX "$dir/prefix"
}

write_plugstack() { # [OPTION=VALUE...]
    if [[ $installed == yes ]]; then
        echo "$(<"$package_line")${*:+ $*}"
        return
    fi
    local plugin
    plugin=$(find "$dir/prefix" -name spank_pyxis.so -print -quit 2>/dev/null || true)
    [[ -z $plugin ]] || echo "required $plugin pyxis_path=$dir/prefix/bin/pyxis runtime_path=/run/pyxis${*:+ $*}"
}
