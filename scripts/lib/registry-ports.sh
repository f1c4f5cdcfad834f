# shellcheck shell=bash
# Where the local registry listens on 127.0.0.1. The cluster's machines forward the same ports, so `registry` and
# `cluster` have to agree: both derive them from $PYXIS_REGISTRY_PORT.
registry_port=${PYXIS_REGISTRY_PORT:-5100}
port_anonymous=$registry_port
port_basic=$((registry_port + 1))
port_token=$((registry_port + 2))
port_token_server=$((registry_port + 3))
port_fault=$((registry_port + 4))
port_fault_other=$((registry_port + 5))
registry_ports=("$port_anonymous" "$port_basic" "$port_token" "$port_token_server" "$port_fault" "$port_fault_other")
