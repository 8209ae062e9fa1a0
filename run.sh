#!/usr/bin/env bash
# Basic Paxos at its smallest: 1 proposer, 1 acceptor, 1 learner, and one client that proposes 210.
set -euo pipefail
cd "$(dirname "$0")"
source scenarios/cluster.sh

read_flags "$@"
build
write_hosts 1 1 1 1 # proposers, acceptors, learners, clients
start_nodes
start_client 210 0 # a value, and the proposer that is to propose it
finish
