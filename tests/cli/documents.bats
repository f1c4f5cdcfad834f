# The documents say what the program does.

load helpers

@test "every key of plugstack.conf is in the admin guide" {
  local key keys
  keys=$(grep -ohE 'key == "[a-z_]+"' "$repo"/src/spank/config.cc | cut -d'"' -f2 | sort -u)
  assert [ "$(wc -w <<<"$keys")" -ge 9 ]
  for key in $keys; do
    assert grep -qE "^\|.*\`$key\`.*\|.*\|.*\|$" "$repo/docs/admin.md"
  done
}
