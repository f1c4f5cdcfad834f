# Environment definition files: what is wrong with them is told with its place, and what is good is shown as one file.

load helpers

setup() {
  make_home
  as_user mkdir "$TEST_HOME/.edf" "$TEST_HOME/site"
}
teardown() { remove_home; }

file() { # PATH < TEXT: below the user's home
  # shellcheck disable=SC2016
  as_user sh -c 'cat >"$1"' - "$TEST_HOME/$1"
}

# The only thing wrong with the file.
wrong() { # MESSAGE < TEXT
  file bad.toml
  run pyxis edf validate bad.toml
  assert_only_error "bad.toml:$1"
}

@test "validate: OK for each file that is, and all that is wrong with the others" {
  file .edf/good.toml <<<'image = "debian:trixie"'
  file .edf/bad.toml <<<$'imag = "x"\nimage = 7\n[env]\n"A=B" = "x"'
  run -0 pyxis edf validate good
  assert_output "$TEST_HOME/.edf/good.toml: OK"
  run -1 pyxis edf validate good bad .edf/good.toml
  assert_output "$TEST_HOME/.edf/good.toml: OK
[ERROR] $TEST_HOME/.edf/bad.toml:1:1: imag: there is no such key; did you mean 'image'?
[ERROR] $TEST_HOME/.edf/bad.toml:2:9: image: it is a number and not a string; put it in quotes
[ERROR] $TEST_HOME/.edf/bad.toml:4:1: env.A=B: 'A=B' has a '=' in it: no variable can have that name
.edf/good.toml: OK"
}

@test "validate: annotations have no effect, and that is said here" {
  file x.toml <<<$'image = "debian"\n[annotations]\ncom.hooks.aws_ofi_nccl.enabled = "true"\n"com.hooks.ssh.enabled" = "true"'
  run -0 --separate-stderr pyxis edf validate x.toml
  assert_output 'x.toml: OK'
  assert_equal "$(grep -cE '^\[INFO\] x.toml:[34]:[0-9]+: annotations\.com\.hooks\.(aws_ofi_nccl|ssh)\.enabled: it has no effect here$' <<<"$stderr")" 2
}

@test "keys, types and values that are wrong" {
  wrong "2:1: mount: there is no such key; did you mean 'mounts'?" <<<$'image = "a"\nmount = ["/a"]'
  wrong '1:1: privileged: there is no such key; there are: image, base_environment, mounts, workdir, entrypoint, writable, devices, env, annotations' <<<'privileged = true'
  wrong '1:10: mounts: it is a string and not an array of strings; put it in brackets' <<<'mounts = "/a"'
  wrong '1:12: writable: it is a string and not a boolean; write true or false, without quotes' <<<'writable = "yes"'
  wrong '1:14: entrypoint: it is a number and not a boolean' <<<'entrypoint = 1'
  wrong '2:19: env.OMP_NUM_THREADS: it is a number and not a string; put it in quotes' <<<$'[env]\nOMP_NUM_THREADS = 8'
  wrong '1:7: env: it is an array and not a table; write [env], and a line NAME = "VALUE" for each' <<<'env = ["A=b"]'
  wrong '1:9: image: it is empty; leave it out' <<<'image = ""'
  wrong '1:9: image: ' <<<'image = "UPPER/x"'
  wrong '1:20: mounts[1]: invalid format: "b": the source must begin with' <<<'mounts = ["/a:/b", "b"]'
  wrong "1:11: mounts[0]: '/a:/b,/c' has a comma in it; make each mount a string of its own" <<<'mounts = ["/a:/b,/c"]'
  wrong "1:12: devices[0]: device \"gpu0\": it has no '='; write VENDOR/CLASS=NAME" <<<'devices = ["gpu0"]'
  wrong '2:12: not TOML: ' <<<$'image = "a"\nmounts = ['
}

@test "variables: what is not set, and what is no variable" {
  wrong '1:9: image: variable TAG is not set; set it, or write ${TAG:-DEFAULT}' <<<'image = "debian:${TAG}"'
  wrong '2:5: env.A: $HOME is not expanded; write ${HOME}, or $$HOME for the text' <<<$'[env]\nA = "$HOME/x"'
  wrong "2:5: env.A: '\${X?y' is not understood; write \${NAME} or \${NAME:-DEFAULT}" <<<$'[env]\nA = "${X?y}"'
  file bad.toml <<<'image = "debian:${TAG}"'
  run -0 pyxis TAG=trixie edf validate bad.toml
}

@test "names are looked for in EDF_PATH, else in ~/.edf" {
  file .edf/work.toml <<<'image = "of-home"'
  file site/work.toml <<<'image = "of-site"'
  run -0 pyxis edf render work
  assert_output 'image = "of-home"'
  run -0 pyxis EDF_PATH="/nowhere:$TEST_HOME/site:$TEST_HOME/.edf" edf render work
  assert_output 'image = "of-site"'
  run pyxis EDF_PATH="$TEST_HOME/site" edf render wrok
  assert_only_error "no wrok.toml in $TEST_HOME/site; did you mean 'work'?"
  run pyxis EDF_PATH=/nowhere edf validate work
  assert_only_error "no work.toml in /nowhere; EDF_PATH names the directories; a path has a '/' in it, or ends in .toml"
  run pyxis edf render ./work
  assert_only_error './work: No such file or directory'
}

@test "render: one file, of all bases and with all variables, that means the same" {
  file .edf/common.toml <<<$'image = "common"\nworkdir = "/c"\nmounts = ["/c"]\n[env]\nA = "common"\nB = "common"\n[annotations]\ncom.x = "1"\ncom.y = "2"'
  file site/gpu.toml <<<$'base_environment = "common"\ndevices = ["nvidia.com/gpu=all"]\n[env]\nB = "gpu"'
  file work.toml <<'EOF'
base_environment = ["site/gpu.toml"]
image = "nvcr.io#nvidia/pytorch:${TAG:-24.01-py3}"
mounts = ["${DATA}:/data:ro+rprivate"]
entrypoint = false
writable = true
[env]
A = ""
PS1 = "$$ \"${USER}\"\n"
[annotations.com]
x = "3"
EOF
  run -0 pyxis DATA=/big edf render work.toml
  assert_output 'image = "nvcr.io#nvidia/pytorch:24.01-py3"
mounts = [
    "/c",
    "/big:/data:ro+rprivate",
]
workdir = "/c"
entrypoint = false
writable = true
devices = [
    "nvidia.com/gpu=all",
]

[env]
A = ""
B = "gpu"
PS1 = "$$ \"'"$PYXIS_TEST_USER"'\"\n"

[annotations]
"com.x" = "3"
"com.y" = "2"'
  file again.toml <<<"$output"
  local first=$output
  run -0 pyxis edf render again.toml
  assert_output "$first"
}

@test "bases in a circle, too deep, and missing" {
  file .edf/a.toml <<<'base_environment = "b"'
  file .edf/b.toml <<<'base_environment = "a"'
  local edf=$TEST_HOME/.edf i
  run pyxis edf validate a
  assert_only_error "$edf/b.toml:1:20: base_environment: base environments go round in a circle: $edf/a.toml -> $edf/b.toml -> $edf/a.toml"
  for i in {0..10}; do file ".edf/n$i.toml" <<<"base_environment = \"n$((i + 1))\""; done
  file .edf/n10.toml <<<'image = "a"'
  run -0 pyxis edf validate n1
  run pyxis edf validate n0
  assert_only_error "$edf/n9.toml:1:20: base_environment: base environments are nested more than 10 deep: $edf/n0.toml -> $edf/n1.toml -> "
  file .edf/c.toml <<<$'image = "x"\nbase_environment = [\n"b0",\n]'
  run pyxis edf validate c
  assert_only_error "$edf/c.toml:3:1: base_environment: no b0.toml in $edf"
}

@test "what is no file of reasonable size is not read" {
  as_user mkfifo "$TEST_HOME/pipe.toml"
  run pyxis edf validate pipe.toml
  assert_only_error 'pipe.toml is not a regular file'
  run pyxis edf validate /dev/zero
  assert_only_error '/dev/zero is not a regular file'
  head -c 300000 /dev/zero | tr '\0' '#' | file large.toml
  run pyxis edf validate large.toml
  assert_only_error 'large.toml is larger than'
  file long.toml <<<$'[env]\nA = "'"$(head -c 65530 /dev/zero | tr '\0' x)"'"'
  run pyxis edf validate long.toml
  assert_only_error 'long.toml: with its bases it is longer than 65536 bytes, which is what Slurm is given to carry'
}

@test "usage: the help has an example that is good, and render takes one file" {
  run -0 pyxis edf --help
  sed -n '/^  image = /,/^Then:/p' <<<"$output" | sed '$d' | file example.toml
  run -0 pyxis SCRATCH=/scratch edf validate example.toml
  assert_output 'example.toml: OK'
  run pyxis edf render example.toml example.toml
  assert_only_error 'edf render takes one file'
  run pyxis edf frob example.toml
  assert_failure 1
  assert_output --partial 'frob not in {validate,render}'
}
