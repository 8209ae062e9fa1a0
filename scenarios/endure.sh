#!/usr/bin/env bash
# Runs real clusters through everything that README.md promises, and counts. Each check ends in a line
# "ok" or in "FAILED", the reason, and the folder with what every driver printed.
#
#     scenarios/endure.sh            the long form, some twenty minutes
#     scenarios/endure.sh --rounds 3 the short form
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=100
[ "${1:-}" != --rounds ] || rounds=$2
port=${PORT:-21000}
bin=$PWD/.build/release
swift build -c release 2>&1 | tail -n 1 >&2

# --- One cluster ---------------------------------------------------------------------------------

# new_cluster PROPOSERS ACCEPTORS LEARNERS CLIENTS: a fresh folder and hosts file, nothing started.
new_cluster() {
    proposers=$1 acceptors=$2 learners=$3 clients=$4
    nodes=$((proposers + acceptors + learners))
    port=$((port + nodes + clients))
    [ "$port" -lt 31000 ] || port=21000
    folder=$(mktemp -d "${TMPDIR:-/tmp}/synod-endure.XXXXXX")
    local line
    {
        printf 'PROPOSERS %d\nACCEPTORS %d\nLEARNERS %d\n' "$proposers" "$acceptors" "$learners"
        for ((line = 0; line < nodes; line++)); do echo "localhost $((port + line)) con"; done
        for ((; line < nodes + clients; line++)); do echo "localhost $((port + line)) cli"; done
    } >"$folder/hosts.txt"
    pids=()
    common=()     # options of every driver
    client_time=20
}

# start_node ID [OPTIONS]
start_node() {
    local id=$1
    shift
    timeout 60 "$bin/condriver" "$id" --hosts "$folder/hosts.txt" "${common[@]}" "$@" \
        >"$folder/$id.out" 2>"$folder/$id.err" &
    pids[id]=$!
}

# start_client NUMBER [OPTIONS]: client NUMBER, from 0, proposes its own value.
start_client() {
    local id=$((nodes + $1)) value="value-$1" proposer=$1
    shift
    timeout 60 "$bin/clidriver" "$id" "$value" "$proposer" --hosts "$folder/hosts.txt" \
        --timeout "$client_time" "${common[@]}" "$@" >"$folder/$id.out" 2>"$folder/$id.err" &
    pids[id]=$!
}

# real_pid ID: the driver itself, below its timeout.
real_pid() { pgrep -P "${pids[$1]}" | head -n 1; }

fail() {
    echo "FAILED $check: $*; see $folder" >&2
    for id in "${!pids[@]}"; do kill -KILL "${pids[id]}" 2>/dev/null || true; done
    exit 1
}

# ends ID STATUS...: waits for a driver, which must end with one of the statuses.
ends() {
    local id=$1 status=0 wanted
    shift
    wait "${pids[id]}" || status=$?
    for wanted in "$@"; do [ "$status" -ne "$wanted" ] || return 0; done
    fail "host $id ended with $status, expected $*: $(tail -n 1 "$folder/$id.err")"
}

# agree: waits for all; every client printed the same final line, and every node ends with 0, or with
# the status that died_ID gives it.
agree() {
    local id line=""
    for ((id = nodes; id < nodes + clients; id++)); do
        ends "$id" 0
        [ "$(wc -l <"$folder/$id.out")" -eq 1 ] || fail "client $id printed not exactly one line"
        [ -n "$line" ] || line=$(cat "$folder/$id.out")
        [ "$(cat "$folder/$id.out")" = "$line" ] || fail "clients $nodes and $id disagree"
    done
    [[ $line == "Final message received by client from learner: value-"* ]] || fail "printed '$line'"
    for ((id = 0; id < nodes; id++)); do
        local expected="died_$id"
        # shellcheck disable=SC2086
        ends "$id" ${!expected:-0}
        unset "$expected"
    done
    rm -rf "$folder"
}

# whole OPTIONS-OF-NODE-ID...: starts everything; crash_ID holds a node's --crash-on.
whole() {
    local id
    for ((id = 0; id < nodes; id++)); do
        local crash="crash_$id"
        if [ -n "${!crash:-}" ]; then
            # A message that never comes leaves the node alive.
            eval "died_$id='86 0'"
            start_node "$id" --crash-on "${!crash}"
            unset "$crash"
        else
            start_node "$id"
        fi
    done
    for ((id = 0; id < clients; id++)); do start_client "$id"; done
}

ok() { echo "ok     $check ($1)"; }

# --- The checks ----------------------------------------------------------------------------------

check="the run scripts, again and again"
for script in run.sh run2.sh run3.sh; do
    for ((round = 0; round < rounds; round++)); do
        output=$(PORT=$((20000 + round % 10 * 20)) "./$script" 2>/dev/null) ||
            { echo "FAILED $check: $script, round $round: $output" >&2; exit 1; }
        case $script in
        run.sh) set -- 1 1 1 1 ;;
        run2.sh) set -- 3 3 5 8 ;;
        run3.sh) set -- 1 3 1 4 ;;
        esac
        last=$(($1 + $2 + $3 - 1))
        expected=$(
            printf '\n=================================\nNode ID %d IS THE LEADER\n' "$last"
            for ((id = 0; id <= last; id++)); do
                role=LEARNER
                [ "$id" -ge $(($1 + $2)) ] || role=ACCEPTOR
                [ "$id" -ge "$1" ] || role=PROPOSER
                echo "Node ID $id is running as a $role"
            done
        )
        printed=$(grep -v '^Final' <<<"$output" | sort)
        [ "$printed" = "$(sort <<<"$expected")" ] ||
            { echo "FAILED $check: $script printed: $output" >&2; exit 1; }
        finals=$(grep '^Final message received by client from learner: ' <<<"$output")
        if [ "$(wc -l <<<"$finals")" -ne "$4" ] || [ "$(sort -u <<<"$finals" | wc -l)" -ne 1 ]; then
            echo "FAILED $check: $script printed: $output" >&2
            exit 1
        fi
    done
    ok "$script, $rounds times"
done

check="loss, repeats and delays"
for ((round = 0; round < (rounds + 1) / 2; round++)); do
    new_cluster $((RANDOM % 3 + 1)) $((RANDOM % 5 + 1)) $((RANDOM % 5 + 1)) $((RANDOM % 6 + 1))
    common=(--drop 0.3 --duplicate 0.2 --delay 0..20)
    whole
    agree
done
ok "$(((rounds + 1) / 2)) random clusters"

check="any order, seconds apart"
for ((round = 0; round < (rounds + 9) / 10; round++)); do
    new_cluster 2 3 2 2
    for id in $(seq 0 $((nodes + clients - 1)) | shuf); do
        if [ "$id" -lt "$nodes" ]; then start_node "$id"; else start_client $((id - nodes)); fi
        # The time between two starts is what is tested here.
        sleep "$((RANDOM % 2)).$((RANDOM % 10))"
    done
    agree
done
ok "$(((rounds + 9) / 10)) runs"

check="64 nodes and 20 clients"
new_cluster 5 49 10 20
client_time=50
whole
agree
ok "1 run"

check="a minority of the acceptors crashes"
for message in token elected assign prepare accept proposal; do
    new_cluster 2 5 2 2
    for id in 3 5; do eval "crash_$id=$message"; done
    whole
    agree
done
ok "at token elected assign prepare accept, two of five"

check="a leader, a proposer, or learners crash"
for crash in 6:token 6:elected 6:accepted 6:request 0:request 0:promise 0:assign 0:accepted; do
    new_cluster 2 3 2 3
    eval "crash_${crash%%:*}=${crash#*:}"
    whole
    agree
done
for message in token assign accepted; do
    new_cluster 2 3 4 2
    for id in 5 6 8; do eval "crash_$id=$message"; done
    whole
    agree
done
ok "8 crashes of one, 3 of all learners but one"

check="the leader is killed as soon as it leads"
for ((round = 0; round < (rounds + 9) / 10; round++)); do
    new_cluster 2 3 2 2
    mkfifo "$folder/leader"
    timeout 60 "$bin/condriver" 6 --hosts "$folder/hosts.txt" >"$folder/leader" 2>"$folder/6.err" &
    pids[6]=$!
    exec 9<"$folder/leader"
    for id in 0 1 2 3 4 5; do start_node "$id"; done
    for id in 0 1; do start_client "$id"; done
    until [[ ${line:-} == *LEADER* ]]; do read -r line <&9; done
    line=""
    kill -KILL "$(real_pid 6)" 2>/dev/null || true
    died_6="137 0"
    agree
    exec 9<&-
done
ok "$(((rounds + 9) / 10)) runs"

check="a majority of the acceptors is dead"
new_cluster 1 3 1 2
client_time=3
for id in 2 3; do eval "crash_$id=prepare"; done
whole
for id in 5 6; do
    ends "$id" 69
    [ ! -s "$folder/$id.out" ] || fail "client $id printed a value"
    grep -q "1 of 3 acceptors answered, and a majority needs 2; silent: node 2 (acceptor), node 3" \
        "$folder/$id.err" || fail "client $id said: $(cat "$folder/$id.err")"
done
for id in 0 1 4; do ends "$id" 0; done
ok "every client ends with 69"

check="duels without backoff stay safe"
new_cluster 3 3 2 6
for ((id = 0; id < nodes; id++)); do start_node "$id" --backoff off; done
client_time=5
for ((id = 0; id < clients; id++)); do start_client "$id"; done
for ((id = nodes; id < nodes + clients; id++)); do ends "$id" 0 69; done
[ "$(cat "$folder"/*.out | grep '^Final' | sort -u | wc -l)" -le 1 ] || fail "clients disagree"
for ((id = 0; id < nodes; id++)); do ends "$id" 0; done
ok "1 run"

check="a port that is taken"
new_cluster 1 1 1 1
for id in 0 1 2; do start_node "$id"; done
until grep -q PROPOSER "$folder/0.out"; do
    kill -0 "${pids[0]}" || fail "node 0 ended: $(cat "$folder/0.err")"
done
status=0
"$bin/condriver" 1 --hosts "$folder/hosts.txt" 2>"$folder/second.err" || status=$?
if [ "$status" -eq 71 ]; then
    grep -q "$((port + 1))" "$folder/second.err" || fail "said: $(cat "$folder/second.err")"
    start_client 0
    agree
else
    fail "the second ended with $status"
fi
ok "71, and the run goes on"

check="an acceptor that comes back without its promises"
new_cluster 1 3 1 2
for ((id = 0; id < nodes; id++)); do start_node "$id"; done
start_client 0
ends 5 0
kill -KILL "$(real_pid 2)"
ends 2 137
start_node 2
until grep -q "refuse its votes" "$folder/2.err"; do
    kill -0 "${pids[2]}" || fail "node 2 ended: $(cat "$folder/2.err")"
    sleep 0.05
done
start_client 1
ends 6 0
[ "$(cat "$folder/5.out")" = "$(cat "$folder/6.out")" ] || fail "clients disagree"
for ((id = 0; id < nodes; id++)); do ends "$id" 0; done
rm -rf "$folder"
ok "refused, says so, and ends with the rest"

check="a node that stands still for two seconds"
new_cluster 1 3 1 2
for ((id = 0; id < nodes; id++)); do start_node "$id"; done
start_client 0
ends 5 0
kill -STOP "$(real_pid 4)"
sleep 2
kill -CONT "$(real_pid 4)"
start_client 1
ends 6 0
[ "$(cat "$folder/5.out")" = "$(cat "$folder/6.out")" ] || fail "clients disagree"
for ((id = 0; id < nodes; id++)); do ends "$id" 0; done
rm -rf "$folder"
ok "1 run"

check="two clusters at once"
new_cluster 1 3 1 1
first=$folder
for ((id = 0; id < nodes; id++)); do start_node "$id"; done
start_client 0
held=("${pids[@]}")
new_cluster 2 2 1 1
whole
agree
folder=$first pids=("${held[@]}") nodes=5 clients=1
agree
ok "both agree"
