#!/usr/bin/env bash
# A key-value store under attack: a guest sends a node, the leader, as much as it can of what it should
# not, while others use the store. Each kind of attack has a cluster of its own, and is compared with the
# same work of the sender that goes nowhere.
#
# A breach is: a write of others that is lost, or a history that is not linearizable; a forged command
# that was carried out; another leader or ballot; a node that ended, or whose memory grew by more than
# 64 MB; writes of others whose p99 is above 20 ms and above twice that without the attack.
set -euo pipefail
cd "$(dirname "$0")/.."

kinds=(commands-of-others openings queries inquiries replays garbage)
seconds=20 rate=50000 megabytes=100 sockets=4 seed=$RANDOM
usage() {
    cat <<END
usage: [PORT=34000] scenarios/siege.sh [options] [KIND]...

  KIND            ${kinds[*]} (default: all, in turn)
  --seconds N     how long each lasts (default $seconds)
  --rate N        at most so many datagrams a second (default $rate)
  --megabytes N   and so many megabytes a second (default $megabytes)
  --sockets N     from so many ports (default $sockets)
  --seed N        which datagrams (default: another each time, printed)
END
}

chosen=()
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=$2; shift 2 ;;
    --rate) rate=$2; shift 2 ;;
    --megabytes) megabytes=$2; shift 2 ;;
    --sockets) sockets=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    -*) usage >&2; exit 64 ;;
    *)
        [[ " ${kinds[*]} " == *" $1 "* ]] || { usage >&2; exit 64; }
        chosen+=("$1")
        shift ;;
    esac
done
[ ${#chosen[@]} -eq 0 ] || kinds=("${chosen[@]}")

swift build -c release >/dev/null
bin=$PWD/.build/release
scratch=$(mktemp -d "${TMPDIR:-/tmp}/synod-siege.XXXXXX")
# The witness goes on until its input ends, or its time is over.
mkfifo "$scratch/open"
exec 3<>"$scratch/open"
port=${PORT:-34000}
pids=()
breaches=0

# Ends every process that was started here, and nothing else, however the program ends.
stop_all() {
    trap - EXIT INT TERM
    local pid
    for pid in $(jobs -p); do kill -TERM "$pid" 2>/dev/null || true; done
    wait
    [ "${keeps_scratch:-no}" = yes ] || rm -rf "$scratch"
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    printf 'FAILED  %s\n        Seed %s; what the programs printed: %s\n' "$*" "$seed" "$folder" >&2
    keeps_scratch=yes
    exit 1
}

# breach WORDS: what did not hold; the siege goes on.
breach() {
    found+=("$*")
    breaches=$((breaches + 1))
    keeps_scratch=yes
}

status() { "$bin/clidriver" status --hosts "$folder/hosts.txt" 2>/dev/null || true; }

# new_cluster: three replicas, with storage, all up and one of them leading.
new_cluster() {
    local id tries now
    folder=$(mktemp -d "$scratch/XXXXXX")
    {
        printf 'SERVICE kv\nREPLICAS 3\n'
        for id in 0 1 2; do echo "127.0.0.1 $((port + id)) con"; done
    } >"$folder/hosts.txt"
    port=$((port + 3))
    for id in 0 1 2; do
        "$bin/condriver" "$id" --hosts "$folder/hosts.txt" --storage "$folder/node-$id" \
            >"$folder/$id.out" 2>"$folder/$id.err" &
        pids[id]=$!
    done
    for ((tries = 0; tries < 300; tries++)); do
        now=$(status)
        if [ "$(grep -c ' up ' <<<"$now")" -eq 3 ] && grep -q ' up leader ' <<<"$now"; then
            return 0
        fi
        sleep 0.1
    done
    fail "three replicas did not come up: $now"
}

end_cluster() {
    local id
    for id in 0 1 2; do kill -TERM "${pids[id]}" 2>/dev/null || true; done
    for id in 0 1 2; do wait "${pids[id]}" || breach "node $id ended with $?"; done
}

# The leader's ID and its ballot.
reign() { status | sed -n 's/^\([0-9]*\) .* up leader ballot \([^ ]*\).*/\1 \2/p'; }

# memory FIELD: kilobytes of each node, as in VmRSS or VmHWM, its peak.
memory() {
    local id
    for id in 0 1 2; do awk -v "field=$1:" '$1 == field {print $2}' "/proc/${pids[id]}/status"; done
}

# load [--aside]: others use the store while the attack, or what is like one, lasts.
load() {
    "$bin/witness" --hosts "$folder/hosts.txt" --seed "$seed" --seconds "$seconds" <&3 \
        >"$folder/witness.out" 2>"$folder/witness.err" &
    local witness=$! attack=0
    "$bin/witness" attack "$kind" --hosts "$folder/hosts.txt" --node "$leader" --rate "$rate" \
        --megabytes "$megabytes" --seconds "$seconds" --sockets "$sockets" --seed "$seed" "$@" \
        >"$folder/attack.out" 2>"$folder/attack.err" || attack=$?
    [ "$attack" -eq 0 ] || breach "the attacker ended with $attack: $(cat "$folder/attack.err")"
    wait "$witness" || breach "the witness says: $(tail -n 3 "$folder/witness.out")"
    p99=$(sed -n 's/.*, \([0-9]*\) us at p99.*/\1/p' "$folder/witness.out")
    [ -n "$p99" ] || fail "nothing was written: $(cat "$folder/witness.out" "$folder/witness.err")"
}

# besiege KIND: one line of the table.
besiege() {
    local before after quiet id grown=0 kilobytes=() peaks=() answer
    kind=$1 found=()
    new_cluster
    leader=$(reign)
    leader=${leader%% *}
    load --aside
    quiet=$p99
    end_cluster

    new_cluster
    before=$(reign)
    leader=${before%% *}
    mapfile -t kilobytes < <(memory VmRSS)
    # From here on the peak is of what follows.
    for id in 0 1 2; do echo 5 >"/proc/${pids[id]}/clear_refs"; done
    load
    after=$(reign)
    [ "$before" = "$after" ] || breach "led by $before (node, ballot) before, by $after after"
    mapfile -t peaks < <(memory VmHWM)
    for id in 0 1 2; do
        [ $((${peaks[id]:-0} - kilobytes[id])) -le "$grown" ] || grown=$((peaks[id] - kilobytes[id]))
    done
    [ "$grown" -le 65536 ] || breach "a node's memory grew by $((grown / 1024)) MB"
    if [ "$p99" -gt 20000 ] && [ "$p99" -gt $((2 * quiet)) ]; then
        breach "p99 of writes $((p99 / 1000)) ms, $((quiet / 1000)) ms without"
    fi
    answer=0
    "$bin/clidriver" get forged --hosts "$folder/hosts.txt" >/dev/null 2>&1 || answer=$?
    [ "$answer" -eq 1 ] || breach "reading what only forged commands write ends with $answer, not 1"
    end_cluster

    printf '%-19s %9s %7s %10d us %10d us %6d MB  %s\n' "$kind" \
        "$(sed -n 's/.* s, \([0-9]*\) datagrams and .*/\1/p' "$folder/attack.out")" \
        "$(sed -n 's/.* and \([0-9]*\) MB a second.*/\1/p' "$folder/attack.out")" \
        "$quiet" "$p99" $((grown / 1024)) \
        "$([ ${#found[@]} -eq 0 ] && echo held || echo BREACH)"
    for answer in "${found[@]}"; do printf '    %s (%s)\n' "$answer" "$folder"; done
}

echo "Seed $seed."
printf '%-19s %9s %7s %13s %13s %9s\n' \
    "$seconds s each" "datagrams" "MB a s" "p99 without" "p99 with" "memory"
for each in "${kinds[@]}"; do besiege "$each"; done
[ "$breaches" -eq 0 ] || exit 1
