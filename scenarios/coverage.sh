#!/usr/bin/env bash
# Says what of the protocol modules simulated runs never reach: every function and every region of code of
# Sources/PaxosNode/{Roles,Election,Log} that 20,000 seeds of each service leave out, but for those that
# scenarios/coverage-excused.txt lists with a reason.
#
# The simulator is built anew with the compiler's instrumentation, in a folder of its own
# (.build-coverage); Package.swift knows nothing of it.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == --help ]]; then
    cat <<END
usage: scenarios/coverage.sh [SEEDS]

SEEDS of each service, default 20000.

Exit status: 0 all is reached or excused, 1 something is not, or an excuse excuses nothing, 77 no
llvm-cov here.
END
    exit 0
fi
seeds=${1:-20000}
build=.build-coverage

# The toolchain's own, which know its format; else whatever is there.
tool() {
    local beside
    beside=$(dirname "$(readlink -f "$(command -v swift)")")/$1
    if [[ -x $beside ]]; then echo "$beside"; else command -v "$1"; fi
}
if ! profdata=$(tool llvm-profdata) || ! cov=$(tool llvm-cov); then
    echo "coverage.sh: there is no llvm-profdata or no llvm-cov beside swift or on the PATH." >&2
    exit 77
fi
command -v python3 >/dev/null || { echo "coverage.sh: there is no python3." >&2; exit 77; }

swift build -c release --scratch-path "$build" --product simulate \
    -Xswiftc -profile-generate -Xswiftc -profile-coverage-mapping
simulate=$build/release/simulate
rm -f "$build"/*.profraw
failed=0
for service in variable kv list; do
    LLVM_PROFILE_FILE=$build/$service.profraw \
        "$simulate" --service "$service" --seeds "1..$seeds" \
        >"$build/$service.txt" 2>/dev/null || failed=1
    head -n 1 "$build/$service.txt"
done
"$profdata" merge -sparse "$build"/*.profraw -o "$build/all.profdata"
"$cov" export -format=text -instr-profile "$build/all.profdata" "$simulate" \
    Sources/PaxosNode/Roles Sources/PaxosNode/Election Sources/PaxosNode/Log \
    >"$build/coverage.json"
[[ $failed = 0 ]] || echo "Not every seed held: what comes after the first that did not is not counted."
python3 scenarios/coverage.py "$build/coverage.json" scenarios/coverage-excused.txt
