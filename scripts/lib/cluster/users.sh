# shellcheck shell=bash
# The test users alice and bob: real ones, jobs run as them. A user that the machine has already is used and kept;
# those we add are known by their comment field, and are in the group `users` besides their own. Needs common.sh, network.sh.

test_users=(alice bob)
user_mark='Pyxis test user'

add_users() {
    local user
    id _pyxis >/dev/null 2>&1 ||
        useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin --comment "$user_mark" _pyxis
    for user in "${test_users[@]}"; do
        id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups users --comment "$user_mark" "$user"
        setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups \
            mkdir -p "$(getent passwd "$user" | cut -d: -f6)/.local/share"
    done
}

# Clusters that run side by side share the users: the last one, its own network gone, removes them.
remove_users() {
    local user comment
    ! other_clusters_exist || return 0
    rmdir --ignore-fail-on-non-empty /var/lib/pyxis 2>/dev/null || true
    for user in "${test_users[@]}" _pyxis; do
        comment=$(getent passwd "$user" | cut -d: -f5) || continue
        [[ $comment != "$user_mark" ]] || userdel --force --remove "$user" 2>/dev/null || true
    done
}
