#!/usr/bin/env bash
# Plants bugs in the sources, one at a time, and reports which seed of the simulator or which test
# catches each: Tests/Mutants holds them as patches. What survives, and is not known to be equivalent
# (Tests/Mutants/equivalent.txt says why), is something that nothing here would notice.
#
# The work is done on a copy of the last commit in .build-mutants, which is kept, as are the results:
# a run that was interrupted goes on where it stopped.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v python3 >/dev/null; then
    echo "SKIPPED: mutants need Python 3." >&2
    exit 77
fi
exec python3 -B scenarios/mutants/run.py "$@"
