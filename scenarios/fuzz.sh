#!/usr/bin/env bash
# Hands inputs that libFuzzer draws to what takes bytes from outside: datagrams, records, files, hosts
# files, options, and sequences of events for nodes and clients. A trap, a broken invariant, a failed
# expectation, a leak of time or memory is a finding.
#
# Everything is built anew with the fuzzer's instrumentation, in a folder of its own (.build-fuzz);
# Package.swift knows nothing of it. Targets are Tests/Fuzz/Targets, each a file; they begin with the
# inputs in Tests/Fuzz/Corpus/TARGET and with what earlier runs have found (.build-fuzz/corpus/TARGET).
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<END
usage: scenarios/fuzz.sh [TARGET] [SECONDS]
       scenarios/fuzz.sh TARGET FILE...   plays these inputs, and no others
       scenarios/fuzz.sh --corpus         writes the small corpora anew, from the tests' samples
       scenarios/fuzz.sh --list           lists the targets

Without a TARGET all of them, one after the other; SECONDS for each, default 20.

Exit status: 0 nothing found, 1 a finding (kept, with how to play it again), 77 no libFuzzer here.
END
}

targets() {
    local file
    for file in Tests/Fuzz/Targets/*.swift; do
        basename "$file" .swift | sed 's/\B[A-Z]/-&/g' | tr '[:upper:]' '[:lower:]'
    done
}

# The file of a target, as in BasicNode of basic-node.
file_of() { sed -E 's/(^|-)([a-z])/\U\2/g' <<<"$1"; }

# A crash is reported by the fuzzer alone.
export SWIFT_BACKTRACE=enable=no
build=$PWD/.build-fuzz
modules=(ConsensusCore UDPRuntime PaxosNode StateMachines Synod)
# The package's own name for itself, which opens what is for the package alone.
package=$(basename "$PWD" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9_]/_/g')
flags=(-assert-config Debug)

require_fuzzer() {
    mkdir -p "$build"
    cat >"$build/probe.swift" <<'END'
@_cdecl("LLVMFuzzerTestOneInput")
public func takeOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt { 0 }
END
    if ! swiftc -sanitize=fuzzer,address -parse-as-library "$build/probe.swift" \
        -o "$build/probe" 2>"$build/probe.log"; then
        echo "SKIPPED: this toolchain cannot build for libFuzzer; nothing was tried:" >&2
        tail -n 3 "$build/probe.log" >&2
        exit 77
    fi
}

build_modules() {
    local wrapped=() flag
    for flag in -sanitize=fuzzer,address -enable-testing "${flags[@]}"; do wrapped+=(-Xswiftc "$flag"); done
    # The highest module brings the others.
    if ! swift build -c release --scratch-path "$build" --target Synod "${wrapped[@]}" \
        >"$build/build.log" 2>&1; then
        cat "$build/build.log" >&2
        exit 70
    fi
}

objects() {
    local module source
    for module in "${modules[@]}"; do
        find "Sources/$module" -name '*.swift' | while read -r source; do
            echo "$build/release/$module.build/$(basename "$source").o"
        done
    done
    echo "$build/release/CLinux.build/CLinux.c.o"
}

# Compiles sources into a program with the instrumented modules.
compile() {
    local program=$1 sanitizers=$2
    shift 2
    local inputs=()
    mapfile -t inputs < <(objects)
    if ! swiftc -O -swift-version 6 -warnings-as-errors -parse-as-library -module-name Fuzz \
        -sanitize="$sanitizers" -package-name "$package" "${flags[@]}" \
        -I "$build/release/Modules" \
        -Xcc -fmodule-map-file="$build/release/CLinux.build/module.modulemap" \
        -I Sources/CLinux/include "$@" "${inputs[@]}" -o "$program" >"$program.log" 2>&1; then
        grep -v 'warning: Cannot export' "$program.log" >&2
        exit 70
    fi
}

build_target() {
    local sources=(Tests/Fuzz/Support/*.swift "Tests/Fuzz/Targets/$(file_of "$1").swift")
    # The simulator's files in memory stand in for the system's.
    if [ "$1" = storage ]; then sources+=(Sources/simulate/MemoryFiles.swift); fi
    compile "$build/fuzz-$1" fuzzer,address "${sources[@]}"
}

# One input takes at most so many seconds and MiB; the process is not to be searched for leaks.
limits=(-timeout=20 -rss_limit_mb=2560 -detect_leaks=0)

run_target() {
    local target=$1 seconds=$2 kept=$build/corpus/$1 findings=$build/findings/$1 log=$build/$1.log
    local begin=$build/begin/$1 new=$build/new/$1 longest=8192
    # Long sequences of events are slow, and find little that short ones do not.
    case $target in node | basic-node | client) longest=1024 ;; esac
    rm -rf "$begin" "$new"
    mkdir -p "$kept" "$findings" "$begin" "$new" "Tests/Fuzz/Corpus/$target"
    # All that was ever found would take a short run's time to read; some of it, others each time, will do.
    find "$kept" -type f | shuf -n $((50 + 2 * seconds)) | xargs -r cp -t "$begin"
    if "$build/fuzz-$target" "${limits[@]}" -max_total_time="$seconds" -max_len=$longest \
        -print_final_stats=1 -artifact_prefix="$findings/" \
        "$new" "$begin" "Tests/Fuzz/Corpus/$target" >"$log" 2>&1; then
        find "$new" -type f -exec mv -t "$kept" {} +
        echo "$target: $(stat_of number_of_executed_units) executions," \
            "$(stat_of new_units_added) new inputs," \
            "$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d' ' -f2) places reached," \
            "nothing found"
        return 0
    fi
    echo "$target: FOUND"
    grep -E 'Fatal error|ERROR: |SUMMARY|#[0-9]+ .* in ' "$log" | head -n 16 | sed 's/^/    /'
    local input
    input=$(grep -o "$findings/[^ ]*" "$log" | tail -n 1 || true)
    echo "    All of it: $log"
    echo "    Kept in:   ${input:-$findings}"
    echo "    To play it again: scenarios/fuzz.sh $target ${input:-FILE}"
    return 1
}

stat_of() { grep -o "stat::$1: *[0-9]*" "$log" | grep -o '[0-9]*$'; }

write_corpora() {
    local samples=(Samples LogSamples LogSamples+Random Fixtures) sources=() sample
    for sample in "${samples[@]}"; do sources+=("Tests/PaxosNodeTests/$sample.swift"); done
    # It has a main of its own, not the fuzzer's.
    compile "$build/write-corpora" address Tests/Fuzz/Samples/*.swift "${sources[@]}"
    local target
    for target in $(targets); do rm -rf "Tests/Fuzz/Corpus/$target"; done
    ASAN_OPTIONS=detect_leaks=0 "$build/write-corpora" Tests/Fuzz/Corpus
}

target='' seconds=20 inputs=()
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h) usage; exit 0 ;;
    --list) targets; exit 0 ;;
    --corpus) require_fuzzer; build_modules; write_corpora; exit 0 ;;
    -*) usage >&2; exit 64 ;;
    *[!0-9]*)
        if [ -z "$target" ]; then target=$1; else inputs+=("$1"); fi
        shift ;;
    *) seconds=$1; shift ;;
    esac
done
chosen=("$target")
if [ -z "$target" ]; then
    mapfile -t chosen < <(targets)
elif [[ " $(targets | tr '\n' ' ')" != *" $target "* ]]; then
    echo "There is no target '$target'; there are: $(targets | tr '\n' ' ')" >&2
    exit 64
fi

require_fuzzer
build_modules
status=0
for each in "${chosen[@]}"; do
    build_target "$each"
    if [ ${#inputs[@]} -gt 0 ]; then
        "$build/fuzz-$each" "${limits[@]}" "${inputs[@]}" || status=1
    else
        run_target "$each" "$seconds" || status=1
    fi
done
exit $status
