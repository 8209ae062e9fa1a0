#!/usr/bin/env bash
# Runs real clusters through everything that README.md promises, and counts. Each check ends in a line
# "ok", or in "FAILED", the reason, and the folder with what every driver printed.
#
#     scenarios/endure.sh                the long form, some twenty minutes
#     scenarios/endure.sh --rounds 5     the short form
#     scenarios/endure.sh --only leader  the checks with this word in their names; see the end
#
# PORT is the first of the ports (default 21000); it takes up to 9,000. Recording and forging datagrams
# needs python3 and root; without, those checks are left out, and say so.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=100
only=
while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=${2:?--rounds takes a number}; shift 2 ;;
    --only) only=${2:?--only takes a word}; shift 2 ;;
    *) echo "usage: [PORT=21000] $(basename "$0") [--rounds N] [--only WORD]" >&2; exit 64 ;;
    esac
done
[[ $rounds =~ ^[1-9][0-9]{0,5}$ ]] || { echo "--rounds takes a number from 1." >&2; exit 64; }
source scenarios/rig.sh
swift build -c release 2>&1 | tail -n 1 >&2
# Now the run scripts need not build.
touch .build/release/.synod-built

half=$(((rounds + 1) / 2))
tenth=$(((rounds + 9) / 10))

# --- The run scripts -----------------------------------------------------------------------------

# run_script SCRIPT PROPOSERS ACCEPTORS LEARNERS CLIENTS: one run, every line of which is compared.
run_script() {
    local script=$1 nodes=$(($2 + $3 + $4)) clients=$5 status=0 id expected finals
    folder=$scratch/$script
    proposers=$2 acceptors=$3
    mkdir -p "$folder"
    [ $((next_port + nodes + clients)) -lt "$last_port" ] || next_port=$first_port
    TMPDIR=$folder PORT=$next_port "./$script" >"$folder/out" 2>"$folder/err" || status=$?
    [ "$status" -eq 0 ] || fail "$script ended with $status"
    expected=$(
        printf '\n=================================\nNode ID %d IS THE LEADER\n' $((nodes - 1))
        for ((id = 0; id < nodes; id++)); do echo "Node ID $id is running as a $(role "$id")"; done
    )
    [ "$(grep -v '^Final' "$folder/out" | sort)" = "$(sort <<<"$expected")" ] ||
        fail "$script printed other lines"
    # The leader's three lines come in one piece.
    [ "$(grep -A 2 -x '' "$folder/out")" = "$(head -n 3 <<<"$expected")" ] ||
        fail "$script printed the leader's lines apart"
    finals=$(grep '^Final message received by client from learner: ' "$folder/out")
    [ "$(wc -l <<<"$finals")" -eq "$clients" ] || fail "$script: not one final line a client"
    [ "$(sort -u <<<"$finals" | wc -l)" -eq 1 ] || fail "$script: the clients disagree"
    grep -q -- " ${finals##* } [0-9]" "$script" || fail "$script: nobody proposed ${finals##* }"
    ! pgrep -f "$folder/synod" >/dev/null || fail "$script left processes running"
    free_ports "$next_port" $((next_port + nodes + clients - 1))
    [ -z "$(find "$folder" -name 'synod.*')" ] || fail "$script left files behind"
    next_port=$((next_port + nodes + clients))
}

check_run_scripts() {
    local round
    for ((round = 0; round < rounds; round++)); do run_script run.sh 1 1 1 1; done
    ok "$rounds" "runs of run.sh"
    SECONDS=0
    for ((round = 0; round < rounds; round++)); do run_script run2.sh 3 3 5 8; done
    ok "$rounds" "runs of run2.sh"
    SECONDS=0
    for ((round = 0; round < rounds; round++)); do run_script run3.sh 1 3 1 4; done
    ok "$rounds" "runs of run3.sh"
}

check_speed() {
    local script round began times
    for script in run.sh run2.sh run3.sh; do
        times=()
        for ((round = 0; round < 20; round++)); do
            began=${EPOCHREALTIME/./}
            PORT=$first_port "./$script" >/dev/null 2>&1 || fail "$script failed"
            times+=($(((${EPOCHREALTIME/./} - began) / 1000)))
        done
        ok 20 "runs of $script, median $(printf '%s\n' "${times[@]}" | sort -n | sed -n 10p) ms"
    done
}

# --- Faults of the network and of time -----------------------------------------------------------

check_loss_repeats_and_delays() {
    local round
    for ((round = 0; round < half; round++)); do
        new_cluster $((RANDOM % 3 + 1)) $((RANDOM % 5 + 1)) $((RANDOM % 5 + 1)) $((RANDOM % 6 + 1))
        common=(--drop 0.3 --duplicate 0.2 --delay 0..20)
        start_all
        agree
    done
    ok "$half" "random clusters"
}

check_any_order_seconds_apart() {
    local round id
    for ((round = 0; round < tenth; round++)); do
        new_cluster 2 3 2 2
        client_time=40
        for id in $(seq 0 $((nodes + clients - 1)) | shuf); do
            if [ "$id" -lt "$nodes" ]; then start_node "$id"; else start_client $((id - nodes)); fi
            # The time between two starts is what is tested here.
            sleep "$((RANDOM % 2)).$((RANDOM % 10))"
        done
        agree
    done
    ok "$tenth" "runs"
}

check_64_nodes_and_20_clients() {
    new_cluster 5 49 10 20
    client_time=60
    start_all
    agree
    ok 1 "run"
}

# Every way to give eleven nodes roles, PROPOSERS ACCEPTORS LEARNERS a line: 45.
splits_of_eleven() {
    local proposers acceptors
    for ((proposers = 1; proposers <= 9; proposers++)); do
        for ((acceptors = 1; proposers + acceptors <= 10; acceptors++)); do
            echo "$proposers $acceptors $((11 - proposers - acceptors))"
        done
    done
}

check_eleven_nodes_in_all_splits_of_roles() {
    local round split count=0 running=() process
    for ((round = 0; round < tenth; round++)); do
        while read -r split; do
            # Four clusters at a time: they wait more than they work.
            if [ ${#running[@]} -eq 4 ]; then
                ended_well "${running[0]}"
                running=("${running[@]:1}")
            fi
            # shellcheck disable=SC2086
            beside 15 run_split $split
            running+=($!)
            count=$((count + 1))
        done < <(splits_of_eleven)
    done
    for process in "${running[@]}"; do ended_well "$process"; done
    ok "$count" "runs of 45 splits"
}

# run_split PROPOSERS ACCEPTORS LEARNERS: client n goes to proposer n, or to the one that stands for it.
run_split() {
    check="$check, $*"
    new_cluster "$@" 4
    client_time=40
    start_all
    agree
}

check_a_node_that_stands_still() {
    local id when
    for id in 0 2 5 6; do
        for when in before after; do
            new_cluster 2 3 2 2
            start_nodes
            start_client 0
            ends 7
            still=$(driver "$id")
            kill -STOP "$still"
            sleep 2
            # Before the last client comes, or only once all is over: then what waits ends the node.
            [ "$when" = after ] || kill -CONT "$still"
            start_client 1
            ends 8
            kill -CONT "$still" 2>/dev/null || true
            agree
        done
    done
    ok 8 "nodes, one of each role"
}

# --- Crashes -------------------------------------------------------------------------------------

check_a_minority_of_acceptors_crashes() {
    local message
    for message in token elected assign prepare accept proposal prepare:2 accept:2; do
        new_cluster 2 5 2 3
        start_all 3:$message 5:$message
        agree
    done
    # Any minority of five, each acceptor at a message of its own.
    local round chosen messages=(token elected assign prepare accept)
    for ((round = 0; round < tenth; round++)); do
        new_cluster 2 5 2 3
        mapfile -t chosen < <(seq 2 6 | shuf -n 2)
        start_all "${chosen[0]}:${messages[RANDOM % 5]}" "${chosen[1]}:${messages[RANDOM % 5]}"
        agree
    done
    ok $((8 + tenth)) "runs, two of five die"
}

check_the_leader_crashes() {
    local crash
    for crash in token elected accepted request token:2 token:4; do
        new_cluster 2 3 2 3
        start_all "6:$crash"
        agree
    done
    ok 6 "runs, at its messages"
    SECONDS=0
    local round id line
    for ((round = 0; round < tenth; round++)); do
        new_cluster 2 3 2 2
        mkfifo "$folder/leader"
        "$bin/condriver" 6 --hosts "$folder/hosts.txt" >"$folder/leader" 2>"$folder/6.err" &
        pids[6]=$!
        exec 9<"$folder/leader"
        for id in 0 1 2 3 4 5; do start_node "$id"; done
        for id in 0 1; do start_client "$id"; done
        line=
        until [[ $line == *LEADER* ]]; do read -r line <&9 || fail "node 6 never led"; done
        kill -KILL "${pids[6]}" 2>/dev/null || true
        died[6]="137"
        printf '\n=================================\n%s\n' "$line" >"$folder/6.out"
        agree
        exec 9<&-
    done
    ok "$tenth" "runs, kill -9 at once"
}

check_a_proposer_crashes() {
    local crash
    for crash in request promise assign accepted fwd ack request:2 promise:2; do
        new_cluster 2 3 2 3
        start_all "0:$crash"
        agree
    done
    ok 8 "runs"
}

check_all_learners_but_one_crash() {
    local crash survivor id crashes
    for crash in token assign accepted learn request; do
        for survivor in 5 8; do
            new_cluster 2 3 4 2
            crashes=()
            for id in 5 6 7 8; do [ "$id" = "$survivor" ] || crashes+=("$id:$crash"); done
            start_all "${crashes[@]}"
            agree
        done
    done
    ok 10 "runs"
}

check_a_majority_of_acceptors_is_dead() {
    local id kind
    for kind in crash absent; do
        new_cluster 1 3 1 2
        client_time=3
        if [ "$kind" = crash ]; then
            start_all 2:prepare 3:prepare
        else
            for id in 0 1 4; do start_node "$id"; done
            for id in 0 1; do start_client "$id"; done
        fi
        for id in 5 6; do
            ends "$id" 69
            [ ! -s "$folder/$id.out" ] || fail "client $id printed a value"
            grep -q "1 of 3 acceptors answered, and a majority needs 2; silent: node 2 (acceptor), node 3" \
                "$folder/$id.err" || fail "client $id said: $(cat "$folder/$id.err")"
        done
        for id in 0 1 4; do ends "$id"; done
        [ "$kind" = absent ] || for id in 2 3; do ends "$id" 86; done
    done
    ok 4 "clients, all end with 69"
}

check_an_acceptor_without_its_promises() {
    local round
    for ((round = 0; round < tenth; round++)); do
        new_cluster 1 3 1 2
        start_nodes
        start_client 0
        ends 5
        kill -KILL "$(driver 2)"
        ends 2 137
        : >"$folder/2.out"
        start_node 2
        says 2 "refuse its votes"
        start_client 1
        ends 6
        [ "$(cat "$folder/5.out")" = "$(cat "$folder/6.out")" ] || fail "clients disagree"
        for id in 0 1 2 3 4; do ends "$id"; done
        [ ! -s "$folder/2.out" ] || fail "a node without a vote printed a role"
    done
    ok "$tenth" "are refused, say so, end"
}

# --- Duels, and what does not belong to the run --------------------------------------------------

check_duels() {
    local round id
    for ((round = 0; round < tenth; round++)); do
        new_cluster 3 3 5 8
        start_all
        agree
    done
    ok "$tenth" "with backoff end"
    SECONDS=0
    for ((round = 0; round < tenth; round++)); do
        new_cluster 3 3 2 6
        client_time=5
        start_nodes --backoff off --delay 0..3
        for ((id = 0; id < clients; id++)); do start_client "$id"; done
        for ((id = nodes; id < nodes + clients; id++)); do ends "$id" 0 69; done
        [ "$(cat "$folder"/*.out | grep '^Final' | sort -u | wc -l)" -le 1 ] ||
            fail "clients disagree"
        for ((id = 0; id < nodes; id++)); do ends "$id"; done
    done
    ok "$tenth" "without it are safe"
}

check_a_second_run_on_taken_ports() {
    local id status port
    new_cluster 1 1 1 1
    # Node 0 comes last, so that the first run cannot be over before the second.
    start_node 1
    start_node 2
    start_client 0
    says 2 LEADER
    for id in 1 2 3; do
        status=0
        if [ "$id" -lt 3 ]; then set -- condriver "$id"; else set -- clidriver 3 other 0; fi
        "$bin/$1" "${@:2}" --hosts "$folder/hosts.txt" >"$folder/second" 2>"$folder/second.err" ||
            status=$?
        [ "$status" -eq 71 ] || fail "the second host $id ended with $status"
        port=$(sed -n "$((id + 1))p" <<<"$ports")
        grep -q "port $port .*another run may still hold it" "$folder/second.err" ||
            fail "the second host $id said: $(cat "$folder/second.err")"
        [ ! -s "$folder/second" ] || fail "the second host $id printed $(cat "$folder/second")"
    done
    start_node 0
    agree
    ok 3 "end with 71"
}

check_two_clusters_at_once() {
    local round held held_folder
    for ((round = 0; round < tenth; round++)); do
        new_cluster 1 3 1 1
        held_folder=$folder
        start_nodes
        start_client 0
        held=("${pids[@]}")
        new_cluster 2 2 1 1
        prefix=other
        start_all
        agree
        folder=$held_folder pids=("${held[@]}") prefix=value proposers=1 acceptors=3
        agree
    done
    ok $((2 * tenth)) "clusters"
}

# Whether datagrams can be recorded and forged here.
can_forge() {
    if [ "$(id -u)" -eq 0 ] && command -v python3 >/dev/null; then return 0; fi
    echo "left out, for it needs python3 and root: $check" >&2
    return 1
}

check_garbage_and_damaged_datagrams() {
    can_forge || return 0
    local round total=0
    for ((round = 0; round < tenth * 2; round++)); do
        new_cluster $((RANDOM % 2 + 1)) 3 $((RANDOM % 2 + 1)) 4
        hostile spray
        start_nodes
        start_client 0
        start_client 1
        ends "$nodes"
        start_client 2
        ends $((nodes + 1))
        until grep -q plenty "$folder/hostile"; do sleep 0.05; done
        start_client 3
        ends $((nodes + 2))
        ends $((nodes + 3))
        calm
        total=$((total + sent))
        agree
    done
    ok $((tenth * 2)) "runs, $total datagrams"
}

check_forged_datagrams_trap_no_process() {
    can_forge || return 0
    local round id total=0
    for ((round = 0; round < tenth; round++)); do
        new_cluster 2 3 2 4
        client_time=3
        start_nodes --stay
        start_client 0
        hostile forge
        # Whatever liars make of the run, it goes on until it is ended.
        for id in 1 2 3; do start_client "$id"; done
        for id in 7 8 9 10; do ends "$id" 0 69; done
        until grep -q plenty "$folder/hostile"; do sleep 0.05; done
        calm
        total=$((total + sent))
        for ((id = 0; id < nodes; id++)); do kill -TERM "${pids[id]}"; done
        for ((id = 0; id < nodes; id++)); do ends "$id"; done
    done
    ok "$tenth" "runs, $total datagrams"
}

check_leftovers_of_an_earlier_run() {
    can_forge || return 0
    local round total=0
    for ((round = 0; round < tenth * 2; round++)); do
        new_cluster 2 3 2 3
        prefix=old
        hostile record "$folder/leftovers"
        start_all
        keep=yes
        agree
        keep=
        calm
        rm -f "$folder"/*.out "$folder"/*.err
        prefix=new
        hostile replay "$folder/leftovers"
        start_all
        agree_with_leftovers
        total=$((total + sent))
    done
    ok $((tenth * 2)) "runs, $total datagrams"
}

agree_with_leftovers() {
    keep=yes
    agree
    keep=
    calm
    rm -rf "$folder"
}

# --- All of them ---------------------------------------------------------------------------------

for name in $(declare -F | sed -n 's/^declare -f check_//p' | sort); do
    [[ $name == *"$only"* ]] || continue
    begin "${name//_/ }"
    "check_$name"
done
