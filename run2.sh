#!/usr/bin/env bash
# Duelling proposers: 3 proposers, 3 acceptors, 5 learners, and eight clients that want seven different
# values. Whatever is chosen, all eight print the same.
set -euo pipefail
cd "$(dirname "$0")"
source scenarios/cluster.sh

read_flags "$@"
build
write_hosts 3 3 5 8 # proposers, acceptors, learners, clients
start_nodes
start_client 55 0 # a value, and the proposer that is to propose it (modulo their number)
start_client 56 1
start_client 57 2
start_client 57 3
start_client 230 0
start_client 231 45
start_client 232 41
start_client 233 10
finish
