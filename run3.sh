#!/usr/bin/env bash
# Acceptors that fail: 1 proposer, 3 acceptors, 1 learner, and four clients. Any one acceptor may die:
#     ./run3.sh --crash 2
# With two of the three dead there is no majority, and every client says so:
#     ./run3.sh --crash 2 --crash 3:accept
set -euo pipefail
cd "$(dirname "$0")"
source scenarios/cluster.sh

read_flags "$@"
build
write_hosts 1 3 1 4 # proposers, acceptors, learners, clients
start_nodes
start_client 55 1 # a value, and the proposer that is to propose it (modulo their number)
start_client 56 1
start_client 57 1
start_client 230 1
finish
