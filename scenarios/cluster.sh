# What run.sh, run2.sh and run3.sh share: build, write a hosts file, start drivers, compare what the
# clients print. Source it, then call the functions in the order in which run.sh does.
#
# Variables: PORT, the first of the ports (default 10000), one for each line of the hosts file.

port=${PORT:-10000}
node_flags=()      # options for every con node and every client
crashes=()         # ID:MESSAGE:N of every --crash
nodes=0            # how many con nodes the hosts file has
node_pids=()
client_pids=()
client_ids=()
run_folder=$(mktemp -d "${TMPDIR:-/tmp}/synod.XXXXXX")

usage() {
    cat <<END
usage: [PORT=10000] $(basename "$0") [--crash ID[:MESSAGE[:N]]]... [options for all drivers]

  --crash ID[:MESSAGE[:N]]   node ID exits at the N-th MESSAGE it receives, before acting on it
                             (MESSAGE: prepare unless given; N: 1 unless given); repeatable
  --drop P  --duplicate P    each datagram is lost, or sent twice, with probability P (0 to 1)
  --delay MIN[..MAX]         each datagram is held back so many milliseconds
  --debug                    every message on stderr
END
}

# Reads the flags of the script's own command line.
read_flags() {
    while [ $# -gt 0 ]; do
        case $1 in
        --crash)
            [[ ${2:-} =~ ^[0-9]+(:[a-z]+(:[0-9]+)?)?$ ]] || {
                echo "$(basename "$0"): --crash takes ID[:MESSAGE[:N]], as in 2:prepare:1, not '${2:-}'." >&2
                exit 64
            }
            crashes+=("$2")
            shift 2 ;;
        --drop | --duplicate | --delay)
            [ $# -ge 2 ] || { echo "$(basename "$0"): $1 needs a value; see --help." >&2; exit 64; }
            node_flags+=("$1" "$2")
            shift 2 ;;
        --debug) node_flags+=("$1"); shift ;;
        --help | -h) usage; exit 0 ;;
        *) echo "$(basename "$0"): unknown flag '$1'; see --help." >&2; exit 64 ;;
        esac
    done
}

# Builds the drivers, unless nothing has changed since they were built.
build() {
    local built=.build/release/.synod-built
    if [ ! -e "$built" ] || [ -n "$(find Package.swift Sources -newer "$built" -print -quit)" ]; then
        echo "Building (the first time takes a minute or two) ..." >&2
        swift build -c release >"$run_folder/build.log" 2>&1 || { cat "$run_folder/build.log" >&2; exit 1; }
        touch "$built"
    fi
}

# write_hosts PROPOSERS ACCEPTORS LEARNERS CLIENTS: writes hosts.txt, everyone on this machine.
#
# The drivers get a copy of their own, so that another script's run cannot change the file under them.
write_hosts() {
    nodes=$(($1 + $2 + $3))
    local line
    {
        echo "PROPOSERS $1"
        echo "ACCEPTORS $2"
        echo "LEARNERS $3"
        for ((line = 0; line < nodes; line++)); do echo "localhost $((port + line)) con"; done
        for ((; line < nodes + $4; line++)); do echo "localhost $((port + line)) cli"; done
    } >"$run_folder/hosts.txt"
    cp "$run_folder/hosts.txt" hosts.txt
}

# Starts one driver a con node; a node named by --crash gets its --crash-on.
start_nodes() {
    local id crash flags
    for crash in "${crashes[@]}"; do
        [ "${crash%%:*}" -lt "$nodes" ] || {
            echo "$(basename "$0"): --crash $crash: the con nodes are 0 to $((nodes - 1))." >&2
            exit 64
        }
    done
    for ((id = 0; id < nodes; id++)); do
        flags=("${node_flags[@]}")
        for crash in "${crashes[@]}"; do
            case $crash in
            "$id") flags+=(--crash-on prepare) ;;
            "$id":*) flags+=(--crash-on "${crash#*:}") ;;
            esac
        done
        .build/release/condriver "$id" --hosts "$run_folder/hosts.txt" "${flags[@]}" &
        node_pids+=($!)
    done
}

# start_client VALUE PROPOSER: starts the next client of the hosts file.
start_client() {
    local id=$((nodes + ${#client_pids[@]}))
    .build/release/clidriver "$id" "$1" "$2" --hosts "$run_folder/hosts.txt" "${node_flags[@]}" \
        >"$run_folder/client.$id" &
    client_pids+=($!)
    client_ids+=("$id")
}

# Waits for every driver; exits 0 only if all clients printed one and the same value.
finish() {
    local index failed=0
    for index in "${!client_pids[@]}"; do
        wait "${client_pids[index]}" || failed=$((failed + 1))
        cat "$run_folder/client.${client_ids[index]}"
    done
    # The nodes end by themselves once the clients are done.
    wait "${node_pids[@]}" || true
    node_pids=()
    local lines values
    lines=$(cat "$run_folder"/client.* | wc -l)
    values=$(cat "$run_folder"/client.* | sort -u | wc -l)
    if [ "$failed" -eq 0 ] && [ "$lines" -eq "${#client_pids[@]}" ] && [ "$values" -eq 1 ]; then
        echo "All ${#client_pids[@]} clients agree." >&2
        exit 0
    fi
    echo "No agreement: $lines of ${#client_pids[@]} clients printed a value, $values different." >&2
    exit 1
}

# Ends what this script started, and nothing else, however the script ends.
stop_all() {
    trap - EXIT INT TERM
    local pid
    for pid in $(jobs -p); do kill -TERM "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$run_folder"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
