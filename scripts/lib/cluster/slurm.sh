# shellcheck shell=bash
# Slurm and munge of the cluster: their configuration, and how they start. Needs common.sh, daemon.sh, machine.sh, network.sh;
# reads $dir.

write_slurm_conf() { # 'KEY=VALUE ...' GPUS NODE...
    local node option gres=''
    cat <<END
ClusterName=pyxis
SlurmctldHost=head($(machine_address head))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$dir/head/munge.socket
MpiDefault=none
PlugStackConfig=$dir/plugstack.conf

StateSaveLocation=$dir/head/state
SlurmctldPidFile=$dir/head/slurmctld.pid
SlurmctldLogFile=$dir/head/slurmctld.log
SlurmctldDebug=debug
SlurmdSpoolDir=$dir/%n/spool
# Here PMIx makes a directory per step. Nodes share /tmp, and two of a step would want the same one.
TmpFS=$dir/%n/tmp
SlurmdPidFile=$dir/%n/slurmd.pid
SlurmdLogFile=$dir/%n/slurmd.log
SlurmdDebug=debug
LogTimeFormat=iso8601_ms

# More processors than the machine has, and shared by many jobs: tests start dozens of tasks and steps at once.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none

# A killed job is gone soon; a node that comes back is used again.
KillWait=3
InactiveLimit=0
MinJobAge=300
ReturnToService=2
MessageTimeout=30
SlurmdTimeout=60

END
    for option in $1; do echo "$option"; done
    (($2 == 0)) || { echo GresTypes=gpu && gres=" Gres=gpu:$2"; }
    for node in "${@:3}"; do
        echo "NodeName=$node NodeAddr=$(machine_address "$node") CPUs=64 Boards=1 SocketsPerBoard=1 CoresPerSocket=64 ThreadsPerCore=1 RealMemory=65536$gres State=UNKNOWN"
    done
    echo "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:32"
}

# Slurm only wants to see a device for each GPU: any does.
gpu_files=(/dev/null /dev/zero /dev/full /dev/random)
write_gres_conf() { # GPUS
    local file
    for file in "${gpu_files[@]:0:$1}"; do echo "Name=gpu File=$file"; done
}

# Of use where slurm.conf says JobContainerType=job_container/tmpfs: where a node has its jobs' own /tmp and /dev/shm.
write_job_container_conf() { # NODE...
    local node
    for node; do echo "NodeName=$node AutoBasePath=true BasePath=$dir/$node/jobs"; done
}

# Also this machine, on which srun runs: the controller looks up its name to tell an srun that its step has ended. Where it cannot,
# Slurm 24.11 tries for ten seconds for each srun, and does nothing else meanwhile. This machine's own file may say 127.0.0.1, which
# is the controller's as well.
write_hosts() { # NODE...
    local login machine
    login=$(uname -n)
    awk -v login="$login" '{
        sub(/#.*/, "")
        line = $1
        for (i = 2; i <= NF; i++) if ($i == "localhost" || $i != login && index(login, $i ".") != 1) line = line " " $i
        if (line != $1) print line }' /etc/hosts 2>/dev/null || true
    [[ $login != *.* ]] || login+=" ${login%%.*}"
    [[ $login == localhost ]] || echo "$(host_address) $login"
    for machine in head "$@"; do echo "$(machine_address "$machine") $machine"; done
}

start_munge() {
    local home=$dir/head
    (umask 077 && head -c 128 /dev/urandom >"$home/munge.key")
    in_machine head munged --socket "$home/munge.socket" --key-file "$home/munge.key" --log-file "$home/munged.log" \
        --pid-file "$home/munged.pid" --seed-file "$home/munge.seed" --num-threads 4 ||
        die "munged did not start" "$(tail -n 3 "$home/munged.log")"
}

start_controller() {
    mkdir -p "$dir/head/state"
    SLURM_CONF=$dir/slurm.conf in_machine head slurmctld -c
    await_line "$dir/head/slurmctld.log" 'Running as primary controller' 60 "$dir/head/machine.pid" ||
        die "slurmctld did not start" "$(grep -i error "$dir/head/slurmctld.log" | tail -n 3)" "Its log: $dir/head/slurmctld.log"
}

# Returns when slurmctld has taken the node in: slurmd logs the answer to its registration.
start_slurmd() { # NODE
    local home from=1
    home=$(machine_dir "$1")
    mkdir -p "$home/spool"
    mkdir -p -m 1777 "$home/tmp"
    [[ ! -e $home/slurmd.log ]] || from=$(($(stat -c %s "$home/slurmd.log") + 1))
    SLURM_CONF=$dir/slurm.conf in_machine "$1" slurmd -N "$1"
    await_line "$home/slurmd.log" 'slurmctld sent back' 60 "$home/machine.pid" "$from" ||
        die "$1 did not come up within 60 s" "$(grep error "$home/slurmd.log" | tail -n 3)" "Its log: $home/slurmd.log"
}

# Only the daemon: the steps that run on the node go on, as they do when a slurmd dies on a real one.
stop_slurmd() { # NODE
    in_machine "$1" bash -c '
        pid=$(cat "$0" 2>/dev/null) && [[ $(cat "/proc/$pid/comm" 2>/dev/null) == slurmd ]] || exit 0
        kill "$pid" && exec timeout 30 tail -s 0.05 --pid="$pid" -f /dev/null' "$(machine_dir "$1")/slurmd.pid"
}
