#!/usr/bin/env bash
# A replicated key-value store under constant load while its nodes are killed, stopped and restarted;
# afterwards every acknowledged write must be there, the history linearizable, and all nodes alike.
#
# Real processes on this machine, with storage. In a round one of these happens: kill -9 of any node, of
# the leader, or of all at once; SIGSTOP for a while; an orderly end. What is dead comes back after up to
# a second, while the next round may already be under way.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<END
usage: [PORT=31000] scenarios/survive.sh [--rounds N] [--takeovers N] [--replicas N]... [--seed N]

  --rounds N     how many rounds for each size of cluster (default 200)
  --takeovers N  how many times the leader alone is killed, and the gap measured (default 20)
  --replicas N   a size of cluster; repeatable (default 3 and 5)
  --seed N       which nodes, when (default: another each time, printed)
END
}

rounds=200 takeovers=20 sizes=() seed=$RANDOM
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --takeovers) takeovers=$2; shift 2 ;;
    --replicas) sizes+=("$2"); shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
    esac
done
[ ${#sizes[@]} -gt 0 ] || sizes=(3 5)
RANDOM=$seed

swift build -c release >/dev/null
bin=$PWD/.build/release
scratch=$(mktemp -d "${TMPDIR:-/tmp}/synod-survive.XXXXXX")
port=${PORT:-31000}
pids=()

# Ends every process that was started here, and nothing else, however the program ends.
stop_all() {
    trap - EXIT INT TERM
    local pid
    for pid in $(jobs -p); do
        kill -CONT "$pid" 2>/dev/null || true
        kill -TERM "$pid" 2>/dev/null || true
    done
    wait
    [ "${keeps_scratch:-no}" = yes ] || rm -rf "$scratch"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    printf 'FAILED  %s\n        Seed %s; what the programs printed: %s\n' "$*" "$seed" "$scratch" >&2
    keeps_scratch=yes
    exit 1
}

start() {
    "$bin/condriver" "$1" --hosts "$folder/hosts.txt" --storage "$folder/node-$1" \
        >>"$folder/$1.out" 2>>"$folder/$1.err" 3>&- &
    pids[$1]=$!
}

# new_cluster SIZE: writes a hosts file, starts the nodes and the witness.
new_cluster() {
    size=$1
    folder=$(mktemp -d "$scratch/XXXXXX")
    {
        printf 'SERVICE kv\nREPLICAS %d\n' "$size"
        for ((id = 0; id < size; id++)); do echo "localhost $((port + id)) con"; done
    } >"$folder/hosts.txt"
    port=$((port + size))
    pids=()
    for ((id = 0; id < size; id++)); do start "$id"; done
    mkfifo "$folder/load"
    "$bin/witness" --hosts "$folder/hosts.txt" --seed "$seed" "${@:2}" <"$folder/load" \
        >"$folder/witness.out" 2>"$folder/witness.err" &
    witness=$!
    exec 3>"$folder/load"
    all_well
}

# Waits until every node is up, has the whole log, and one leads.
all_well() {
    local tries status
    for ((tries = 0; tries < 600; tries++)); do
        status=$("$bin/clidriver" status --hosts "$folder/hosts.txt" 2>/dev/null || true)
        if [ "$(grep -c ' up ' <<<"$status")" -eq "$size" ] && grep -q ' up leader ' <<<"$status" &&
            ! grep -qE 'lag [0-9]{3,}' <<<"$status"; then
            return 0
        fi
        kill -0 "$witness" 2>/dev/null || fail "the witness ended: $(cat "$folder/witness.err")"
        sleep 0.1
    done
    fail "the cluster of $size did not recover: $status"
}

leader() {
    "$bin/clidriver" status --hosts "$folder/hosts.txt" 2>/dev/null | awk '/ up leader /{print $1; exit}'
}

# die ID: kill -9, and not a word from the shell about it.
die() {
    kill -KILL "${pids[$1]}" 2>/dev/null || true
    wait "${pids[$1]}" 2>/dev/null || true
}

pause() { sleep "$(printf '%d.%03d' $((RANDOM % ($1 + 1) / 1000)) $((RANDOM % 1000 * $1 / 1000 % 1000)))"; }

round() {
    local id=$((RANDOM % size)) other
    case $((RANDOM % 8)) in
    0 | 1)
        die "$id"
        pause 999
        start "$id" ;;
    2 | 3)
        id=$(leader)
        [ -n "$id" ] || return 0
        die "$id"
        pause 999
        start "$id" ;;
    4)
        for ((id = 0; id < size; id++)); do kill -KILL "${pids[id]}" 2>/dev/null || true; done
        for ((id = 0; id < size; id++)); do wait "${pids[id]}" 2>/dev/null || true; done
        pause 300
        for ((id = 0; id < size; id++)); do start "$id"; done ;;
    5)
        kill -STOP "${pids[$id]}"
        pause 999
        kill -CONT "${pids[$id]}" ;;
    6)
        other=$(((id + 1) % size))
        die "$id"
        die "$other"
        pause 500
        start "$other"
        pause 500
        start "$id" ;;
    7)
        kill -TERM "${pids[$id]}"
        # One that has only just begun may not be prepared for the signal yet.
        wait "${pids[$id]}" || [ $? -eq 143 ] || fail "node $id ended with $? after SIGTERM"
        start "$id" ;;
    esac
}

# Ends the load and has the witness judge.
judge() {
    all_well
    exec 3>&-
    wait "$witness" || fail "$1: $(cat "$folder/witness.out" "$folder/witness.err")"
    for ((id = 0; id < size; id++)); do
        kill -TERM "${pids[id]}"
        wait "${pids[id]}" || fail "node $id ended with $?: $(tail -n 3 "$folder/$id.err")"
    done
    printf 'ok      %s\n' "$1"
    sed 's/^/        /' "$folder/witness.out"
    printf '        storage: %s\n' "$(du -sh "$folder"/node-* | awk '{printf "%s ", $1}')"
}

echo "Seed $seed."
for each in "${sizes[@]}"; do
    [ "$rounds" -gt 0 ] || break
    new_cluster "$each"
    for ((count = 0; count < rounds; count++)); do
        round
        pause 400
        kill -0 "$witness" 2>/dev/null || fail "the witness ended: $(cat "$folder/witness.err")"
    done
    judge "$rounds rounds of kill -9, SIGSTOP and restart, $each replicas"
done

if [ "$takeovers" -gt 0 ]; then
    new_cluster "${sizes[0]}" --pause 1
    for ((count = 0; count < takeovers; count++)); do
        id=$(leader)
        die "$id"
        sleep 1.2
        start "$id"
        all_well
        sleep 0.3
    done
    judge "$takeovers takeovers after kill -9 of the leader, ${sizes[0]} replicas"
    gap=$(sed -n 's/.*without an answer: \([0-9]*\) ms.*/\1/p' "$folder/witness.out")
    [ "$gap" -lt 1000 ] || fail "clients had no answer for $gap ms after a leader died"
fi
