# Which value a variable has inside.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
}

# A shell in a container, with these variables in the job.
inside() { # [NAME=VALUE...] [OPTION...]
  local settings=()
  while [[ ${1:-} == [A-Za-z_]*=* ]]; do settings+=("$1") && shift; done
  open_shell in env "${settings[@]}" srun --overlap -N1 -n1 -w "$NODE" "$@"
}

@test "the image's variables win over the job's, others come from the job" {
  inside IMAGE_VARIABLE='of the job' OTHER='of the job too' $'LINES=one\ntwo' ODD='a=b "c" $d' --container-image="$IMAGE"
  run tell in 'echo "$IMAGE_VARIABLE|$OTHER|$LINES|$ODD|$PATH"'
  assert_output $'from the image|of the job too|one\ntwo|a=b "c" $d|/usr/local/bin:/usr/bin:/bin'
  close_shell in
}

@test "values of the image arrive as they are" {
  inside EMPTY=full --container-image="$IMAGE:env"
  run tell in 'printf "%s|" "$EMPTY" "${EMPTY-unset}" "$SPACES" "$EQUALS" "$QUOTES" "$DOLLAR" "$LINES"'
  assert_output "||a  b |a=b=c|'\"|\$HOME|1"$'\n'"2|"
  close_shell in
}

@test "--container-env lets the job's value win, and the image's stay where the job has none" {
  inside IMAGE_VARIABLE='of the job' OTHER=x PATH="$PATH:/of/the/job" --container-image="$IMAGE" --container-env=IMAGE_VARIABLE,PATH,NO_SUCH,OTHER
  run tell in 'echo "$IMAGE_VARIABLE|${NO_SUCH-unset}|$OTHER"; case $PATH in *:/of/the/job) echo "path of the job";; esac'
  assert_output $'of the job|unset|x\npath of the job'
  close_shell in
  inside --container-image="$IMAGE" --container-env=IMAGE_VARIABLE
  run tell in 'echo "$IMAGE_VARIABLE"'
  assert_output 'from the image'
  close_shell in
}

@test "the locale of the job stays outside, unless named" {
  local show='echo "${LANG-no}|${LANGUAGE-no}|${LC_ALL-no}|$LC_TIME"'
  inside LANG=de_DE.UTF-8 LANGUAGE=de LC_ALL=de_DE LC_TIME=passes --container-image="$IMAGE"
  run tell in "$show"
  assert_output 'no|no|no|passes'
  close_shell in
  inside LANG=de_DE.UTF-8 LANGUAGE=de LC_ALL=de_DE --container-image="$IMAGE" --container-env=LANG,LC_ALL
  run tell in "$show"
  assert_output 'de_DE.UTF-8|no|de_DE|'
  close_shell in
}

@test "variables of the job cannot steer the engine" {
  local trap=$SUITE/trap
  install -d -m 755 "$trap"
  printf '#!/bin/sh\ntouch "%s/sprung"\n' "$trap" | tee "$trap/pyxis" "$trap/mount" "$trap/sh" >/dev/null
  chmod 755 "$trap"/*
  chmod 1777 "$trap"
  run -0 --separate-stderr step \
    --export="ALL,PATH=$trap:/usr/bin:/bin,LD_PRELOAD=/no/such.so,LD_LIBRARY_PATH=$trap,ENROOT_DATA_PATH=$trap/data,ENROOT_RUNTIME_PATH=$trap/run,ENROOT_CONFIG_PATH=$trap/config,ENROOT_SYSCONF_PATH=$trap/etc,ENROOT_ROOTFS_WRITABLE=no,XDG_RUNTIME_DIR=$trap/xdg,BASH_ENV=$trap/sh,ENV=$trap/sh" \
    --container-image="$IMAGE" /bin/sh -c 'touch /writable && echo "$PATH"'
  assert_output /usr/local/bin:/usr/bin:/bin
  refute_said 'no/such.so'
  assert_equal "$(ls "$trap")" $'mount\npyxis\nsh'
}

@test "the plugin's own variables stay out of the job" {
  inside PYXIS_CONTAINER_IMAGE="$IMAGE"
  run tell in 'env | grep SLURM_PYXIS || echo none'
  assert_output none
  close_shell in
}
