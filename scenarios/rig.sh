# What endure.sh runs its clusters with. Source it, then: new_cluster, start what you like, and agree.
#
# Every driver runs below a `timeout`, so that none outlives a check, and writes to files of its own in
# $folder: ID.out and ID.err. Host n's process is pids[n].

bin=$PWD/.build/release
scratch=$(mktemp -d "${TMPDIR:-/tmp}/synod-endure.XXXXXX")
cp hosts.txt "$scratch/hosts.txt"
first_port=${PORT:-21000}
next_port=$first_port
last_port=$((first_port + 9000)) # below the ports that the system hands out by itself
pids=()
helpers=()  # processes that are no drivers

# Names the check that follows.
begin() {
    check=$1
    SECONDS=0
}

# Ends a check well: ok COUNT WHAT
ok() { printf 'ok      %5d %-22s %4d s  %s\n' "$1" "$2" "$SECONDS" "$check"; }

# Ends the program, and says where to look.
fail() {
    printf 'FAILED  %s: %s\n        What the drivers printed: %s\n' "$check" "$*" "$folder" >&2
    keeps_scratch=yes
    exit 1
}

# Ends every process that was started here, and nothing else, however the program ends.
stop_all() {
    trap - EXIT INT TERM
    local pid
    for pid in $(jobs -p); do kill -TERM "$pid" 2>/dev/null || true; done
    wait
    # The run scripts have written their own.
    cp "$scratch/hosts.txt" hosts.txt
    [ "${keeps_scratch:-no}" = yes ] || rm -rf "$scratch"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# beside PORTS COMMAND [WORDS]: runs a command of this file beside what comes next, on ports of its own;
# $! is its process, which fails as the command does.
beside() {
    local count=$1
    shift
    [ $((next_port + count)) -lt "$last_port" ] || next_port=$first_port
    (
        trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
        trap 'exit 143' TERM
        "$@"
    ) &
    next_port=$((next_port + count))
}

# ended_well PROCESS: waits for what beside began; if it failed it has said so.
ended_well() {
    wait "$1" && return
    keeps_scratch=yes
    exit 1
}

# new_cluster PROPOSERS ACCEPTORS LEARNERS CLIENTS: a fresh folder and hosts file, nothing started.
new_cluster() {
    proposers=$1 acceptors=$2 learners=$3 clients=$4
    nodes=$((proposers + acceptors + learners))
    [ $((next_port + nodes + clients)) -lt "$last_port" ] || next_port=$first_port
    ports=$(seq "$next_port" $((next_port + nodes + clients - 1)))
    next_port=$((next_port + nodes + clients))
    folder=$(mktemp -d "$scratch/XXXXXX")
    local port kind=con count=0
    {
        printf 'PROPOSERS %d\nACCEPTORS %d\nLEARNERS %d\n' "$1" "$2" "$3"
        for port in $ports; do
            [ "$count" -lt "$nodes" ] || kind=cli
            echo "localhost $port $kind"
            count=$((count + 1))
        done
    } >"$folder/hosts.txt"
    pids=()
    died=()         # died[ID]: the statuses that node may end with, where 0 alone will not do
    common=()       # options of every driver
    client_time=20  # how long each client waits for a value
    prefix=value    # what the clients' values begin with
    patience=90     # how long any process may last at all
}

# start_node ID [OPTIONS]
start_node() {
    local id=$1
    shift
    timeout "$patience" "$bin/condriver" "$id" --hosts "$folder/hosts.txt" "${common[@]}" "$@" \
        >>"$folder/$id.out" 2>>"$folder/$id.err" &
    pids[id]=$!
}

# start_client NUMBER [OPTIONS]: client NUMBER, from 0, proposes a value of its own.
start_client() {
    local id=$((nodes + $1)) value="$prefix-$1" proposer=$1
    shift
    timeout "$patience" "$bin/clidriver" "$id" "$value" "$proposer" --hosts "$folder/hosts.txt" \
        --timeout "$client_time" "${common[@]}" "$@" >>"$folder/$id.out" 2>>"$folder/$id.err" &
    pids[id]=$!
}

# start_nodes [OPTIONS]: all of them.
start_nodes() {
    local id
    for ((id = 0; id < nodes; id++)); do start_node "$id" "$@"; done
}

# start_all [ID:MESSAGE]...: nodes and clients; node ID is given --crash-on MESSAGE.
start_all() {
    local id crash flags
    for ((id = 0; id < nodes; id++)); do
        flags=()
        for crash in "$@"; do
            [ "${crash%%:*}" -eq "$id" ] || continue
            flags=(--crash-on "${crash#*:}")
            # A message that never comes leaves the node alive.
            died[id]="86 0"
        done
        start_node "$id" "${flags[@]}"
    done
    for ((id = 0; id < clients; id++)); do start_client "$id"; done
}

# driver ID: the process ID of the driver itself.
driver() { pgrep -P "${pids[$1]}" | head -n 1; }

# says ID WORDS: waits until a driver has printed the words.
says() {
    until grep -qs -- "$2" "$folder/$1.out" "$folder/$1.err"; do
        kill -0 "${pids[$1]}" 2>/dev/null || grep -qs -- "$2" "$folder/$1.out" "$folder/$1.err" ||
            fail "host $1 ended without a word of '$2': $(cat "$folder/$1.err")"
        sleep 0.02
    done
}

# ends ID [STATUS]...: waits for a driver, which must end with one of the statuses, or with 0.
ends() {
    local id=$1 status=0 wanted
    shift
    wait "${pids[id]}" || status=$?
    for wanted in "${@:-0}"; do [ "$status" -ne "$wanted" ] || return 0; done
    fail "host $id ended with $status, expected ${*:-0}: $(tail -n 1 "$folder/$id.err")"
}

role() {
    if [ "$1" -lt "$proposers" ]; then echo PROPOSER
    elif [ "$1" -lt $((proposers + acceptors)) ]; then echo ACCEPTOR
    else echo LEARNER; fi
}

# prints_well ID: a node printed its role once, a leader its three lines, and nobody anything else.
prints_well() {
    local id=$1 text leader own
    text=$(cat "$folder/$id.out")
    leader=$'\n=================================\n'"Node ID $id IS THE LEADER"
    own="Node ID $id is running as a $(role "$id")"
    [ "$text" != "$leader"$'\n'"$own" ] || return 0 # $(...) drops the last newline
    [ "$text" != "$own" ] || return 0
    [ "$text" != "$own"$'\n'"$leader" ] || return 0 # came to lead later
    if [ -n "${died[id]:-}" ] && [[ -z $text || $text == "$leader" ]]; then return 0; fi
    fail "node $id printed: $text"
}

# agree: waits for all; the clients print one and the same value, which one of them proposed; every
# node ends with 0, or as died[ID] has it.
agree() {
    local id line=""
    for ((id = nodes; id < nodes + clients; id++)); do
        ends "$id" 0
        [ "$(wc -l <"$folder/$id.out")" -eq 1 ] || fail "client $id printed not exactly one line"
        [ -n "$line" ] || line=$(cat "$folder/$id.out")
        [ "$(cat "$folder/$id.out")" = "$line" ] || fail "clients $nodes and $id disagree"
    done
    local number=${line#"Final message received by client from learner: $prefix-"}
    [[ $number =~ ^[0-9]+$ && $number -lt $clients ]] || fail "nobody proposed what is in '$line'"
    for ((id = 0; id < nodes; id++)); do
        # shellcheck disable=SC2086
        ends "$id" ${died[id]:-0}
        prints_well "$id"
    done
    [ -n "${keep:-}" ] || rm -rf "$folder"
}

# free_ports FIRST LAST: no process holds one of these UDP ports.
free_ports() {
    local line port
    while read -r _ line _; do
        port=$((16#${line##*:}))
        if [ "$port" -ge "$1" ] && [ "$port" -le "$2" ]; then
            fail "port $port is still taken"
        fi
    done < <(tail -n +2 /proc/net/udp)
}

# hostile VERB [FILE]: starts hostile.py on the ports of the present cluster, and waits until it began.
hostile() {
    local verb=$1
    shift
    # shellcheck disable=SC2086
    timeout "$patience" python3 scenarios/hostile.py "$verb" "$@" $ports >"$folder/hostile" &
    helpers=($!)
    until grep -qs begun "$folder/hostile"; do
        kill -0 "${helpers[0]}" || fail "hostile.py $verb ended"
        sleep 0.02
    done
}

# calm: ends hostile.py; sent is then how many datagrams it sent or kept.
calm() {
    local status=0
    kill -TERM "${helpers[0]}" 2>/dev/null || true
    wait "${helpers[0]}" || status=$?
    # 143 is of a `timeout` that was just ending by itself.
    [ "$status" -eq 0 ] || [ "$status" -eq 143 ] || fail "hostile.py ended with $status"
    helpers=()
    sent=$(tail -n 1 "$folder/hostile")
}
