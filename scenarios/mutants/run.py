"""What scenarios/mutants.sh does."""
import argparse
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import combine

ROOT = os.getcwd()
FOLDER = os.path.join("Tests", "Mutants")
WORK = os.path.join(ROOT, ".build-mutants")
COPY = os.path.join(WORK, "source")
RESULTS = os.path.join(WORK, "results.txt")
APART = os.path.join(WORK, "apart.txt")

# By the first word of a mutant's name: the simulator's services that could notice, the tests that are
# asked before all of its seeds, and those that are asked last.
JUDGES = {
    "log": (["kv", "list"], ["PaxosNodeTests"], ["SimulateTests", "DriverTests"]),
    "basic": (["variable"], ["PaxosNodeTests"], ["SimulateTests", "DriverTests"]),
    "session": (["kv", "list"], ["StateMachinesTests", "PaxosNodeTests"], ["DriverTests"]),
    "storage": (["kv", "variable"], ["UDPRuntimeTests"], ["SimulateTests", "DriverTests"]),
}


# The verdict on a mutant that the simulator lets through, before the tests are asked.
HELD = "held"


class Mutant:
    def __init__(self, path):
        self.name = os.path.basename(path)[:-len(".patch")]
        with open(path) as file:
            self.text = file.read()
        head = self.text.split("--- ", 1)[0]
        self.sentence = head.splitlines()[0].removeprefix("# What is wrong: ").strip()
        self.services, self.tests, self.slow_tests = JUDGES[self.name.split("-")[0]]
        match = re.search(r"^# Services: *(.*)$", head, re.M)
        if match:
            self.services = match.group(1).split()
        match = re.search(r"^# Tests: *(.*)$", head, re.M)
        if match:
            self.tests = match.group(1).split()
        self.paths = re.findall(r"^\+\+\+ b/(\S+)", self.text, re.M)
        self.digest = hashlib.sha256(self.text.encode()).hexdigest()[:12]
        self.number = None  # in the combination; None if it has a build of its own

    def apply(self, folder):
        """Patches the sources in a folder; returns whether the patch fits them."""
        done = subprocess.run(
            ["patch", "-p1", "-s", "-f", "-F2", "--no-backup-if-mismatch", "-r", "-", "-d", folder],
            input=self.text, text=True, capture_output=True)
        return done.returncode == 0


def say(text):
    print(text, flush=True)


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


# MARK: The copy

def make_copy(commit, is_pristine=False):
    """The commit's sources, in a clone whose builds are kept.

    Unless it must be pristine, one that is of this commit is left as it is, with the mutants it has.
    """
    is_new = not os.path.isdir(os.path.join(COPY, ".git"))
    if is_new:
        os.makedirs(WORK, exist_ok=True)
        run(["git", "clone", "-q", "--shared", "--no-checkout", ROOT, COPY], check=True)
    commit = run(["git", "rev-parse", commit], check=True).stdout.strip()
    here = run(["git", "-C", COPY, "rev-parse", "HEAD"]).stdout.strip()
    if here == commit and not is_pristine and not is_new:
        return
    run(["git", "-C", COPY, "checkout", "-q", "--force", "--detach", commit], check=True)
    run(["git", "-C", COPY, "clean", "-qfd", "Sources"], check=True)
    # A mutant may leave something unused, or unreachable.
    path = os.path.join(COPY, "Package.swift")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("    .treatAllWarnings(as: .error),\n", ""))


def read_lines(path):
    with open(path) as file:
        return file.read().splitlines()


def pristine_text(path):
    return run(["git", "-C", COPY, "show", "HEAD:" + path], check=True).stdout


def mutated_files(mutant):
    """By path: the lines before and after; nil if the patch does not fit."""
    with tempfile.TemporaryDirectory() as folder:
        for path in mutant.paths:
            target = os.path.join(folder, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w") as file:
                file.write(pristine_text(path))
        if not mutant.apply(folder):
            return None
        return {path: (pristine_text(path).splitlines(),
                       read_lines(os.path.join(folder, path))) for path in mutant.paths}


def build(arguments):
    """Builds in the copy; returns the errors, with their places."""
    done = run(["swift", "build"] + arguments, cwd=COPY)
    output = done.stdout + done.stderr
    with open(os.path.join(WORK, "build.log"), "w") as file:
        file.write(output)
    if done.returncode == 0:
        return None
    return re.findall(r"%s/(\S+?):(\d+):\d+: error: (.*)" % re.escape(COPY), output) or output


# MARK: Judging

def environment(mutant):
    number = 0 if mutant.number is None else mutant.number
    return dict(os.environ, **{combine.VARIABLE: str(number), "SWIFT_BACKTRACE": "enable=no"})


FAILURE = re.compile(r"^Seed (\d+) fails: (.*)\.$", re.M)


def contents(path):
    with open(path) as file:
        return file.read()


def simulate(mutant, service, first, last, limit):
    """What the simulator says: a sentence if it catches the mutant, else None."""
    output, progress = os.path.join(WORK, "simulate.log"), os.path.join(WORK, "progress.log")
    with open(output, "w") as file, open(progress, "w") as errors:
        process = subprocess.Popen(
            [os.path.join(COPY, ".build/release/simulate"), "--service", service, "--seeds",
             "%d..%d" % (first, last)], stdout=file, stderr=errors, env=environment(mutant))
    # It says every few seconds how far it is; one that says no more goes round in circles.
    told, end = None, time.time() + limit
    while process.poll() is None:
        time.sleep(0.2)
        if contents(progress).splitlines()[-1:] != told:
            told, end = contents(progress).splitlines()[-1:], time.time() + limit
        if FAILURE.search(contents(output)) or time.time() > end:
            process.kill()
            process.wait()
            break
    found = FAILURE.search(contents(output))
    if found:
        return "seed %s of %s (%s)" % (found.group(1), service, found.group(2))
    if process.returncode == -signal.SIGKILL:
        return "%s comes to a standstill" % service
    if process.returncode < 0:
        return "a trap in %s (%s)" % (service, signal.Signals(-process.returncode).name)
    if process.returncode not in (0, 2):
        return "exit %d of %s" % (process.returncode, service)
    return None


def test(mutant, filter, limit):
    """What the tests say, as above; nothing if they take too long, as they may for other reasons."""
    command = ["swift", "test", "--skip-build", "--filter", filter]
    try:
        done = run(command, cwd=COPY, env=environment(mutant), timeout=limit)
    except subprocess.TimeoutExpired:
        say("%-44s %s took more than %d s" % (mutant.name, filter, limit))
        return None
    if done.returncode == 0:
        return None
    output = done.stdout + done.stderr
    found = re.search(r"Test (\S.*?) (?:recorded an issue|failed after)", output)
    return "test %s (%s)" % (found.group(1) if found else "that traps", filter)


def ask_simulator(mutant, options, first, last):
    for service in mutant.services if first <= last else []:
        caught = simulate(mutant, service, first, last, options.limit)
        if caught:
            return caught
    return None


def ask_tests(mutant, filters, options):
    for filter in filters if not options.no_tests else []:
        caught = test(mutant, filter, options.limit)
        if caught:
            return caught
    return None


# MARK: Results

def read_results():
    results = {}
    try:
        with open(RESULTS) as file:
            for line in file:
                name, digest, verdict, detail, commit = line.rstrip("\n").split("\t")
                results[name] = (digest, verdict, detail, commit)
    except FileNotFoundError:
        pass
    return results


def add_result(mutant, verdict, detail, commit):
    with open(RESULTS, "a") as file:
        file.write("\t".join([mutant.name, mutant.digest, verdict, detail, commit]) + "\n")
    say("%-44s %s: %s" % (mutant.name, verdict, detail))


def equivalents():
    result = {}
    path = os.path.join(FOLDER, "equivalent.txt")
    if os.path.exists(path):
        for line in read_lines(path):
            if line and not line.startswith("#"):
                name, reason = line.split(": ", 1)
                result[name] = reason
    return result


def summary(mutants):
    """Prints the table; returns whether all are accounted for."""
    results, known = read_results(), equivalents()
    say("\n| mutant | what is wrong | outcome |\n|---|---|---|")
    counts = {}
    is_fine = True
    for mutant in mutants:
        digest, verdict, detail, _ = results.get(mutant.name, (None, "not run", "", ""))
        if verdict == "SURVIVED" and mutant.name in known:
            verdict, detail = "equivalent", known[mutant.name]
        is_fine = is_fine and verdict in ("caught", "equivalent")
        counts[verdict] = counts.get(verdict, 0) + 1
        say("| %s | %s | %s: %s |" % (mutant.name, mutant.sentence, verdict, detail))
    say("\n" + ", ".join("%d %s" % (count, verdict) for verdict, count in sorted(counts.items())))
    return is_fine


# MARK: All together

def read_apart():
    """The digests of mutants that do not build together with others."""
    return set(read_lines(APART)) if os.path.exists(APART) else set()


def combined(everything, mutants, commit):
    """Puts as many as possible into one build; returns those, and those that need their own.

    Those that are judged already are part of it too, so that it stays the same from run to run.
    """
    combination, together, alone = combine.Combination(), [], []
    apart = read_apart()
    for number, mutant in enumerate(everything, 1):
        if mutant.digest in apart:
            alone.append(mutant)
            continue
        files = mutated_files(mutant)
        if files is None:
            if mutant in mutants:
                add_result(mutant, "invalid", "the patch does not fit any more", commit)
            continue
        if len(files) == 1 and all(
                combination.add(number, path, *lines) for path, lines in files.items()):
            mutant.number = number
            together.append(mutant)
        else:
            alone.append(mutant)
    while together:
        owners = combination.write(COPY)
        say("Building %d mutants at once …" % len(together))
        errors = build(["-c", "release", "--product", "simulate"])
        if errors is None:
            break
        if isinstance(errors, str):
            sys.exit("It does not build:\n" + errors[-4000:])
        numbers = {owners.get(path, {}).get(int(line)): text for path, line, text in errors}
        if set(numbers) == {None}:
            sys.exit("It does not build:\n" + "\n".join(map(str, errors)))
        for mutant in list(together):
            if mutant.number in numbers:
                # Once more on its own: an implicit return may be all that is in the way.
                combination.remove(mutant.number)
                with open(APART, "a") as file:
                    file.write(mutant.digest + "\n")
                mutant.number = None
                together.remove(mutant)
                alone.append(mutant)
    return ([mutant for mutant in together if mutant in mutants],
            [mutant for mutant in alone if mutant in mutants])


def judge(mutants, options, commit, held):
    """Judges mutants that are built: a few seeds for each, then the tests, then all other seeds.

    - held: the names of those that the few seeds have let through before.
    """
    few = min(options.first, options.seeds)
    # The tests are built meanwhile.
    tests = None if options.no_tests else subprocess.Popen(
        ["swift", "build", "--build-tests"], cwd=COPY, stderr=subprocess.STDOUT,
        stdout=open(os.path.join(WORK, "tests.log"), "w"))
    rest = []
    for mutant in mutants:
        caught = mutant.name not in held and ask_simulator(mutant, options, 1, few)
        if caught:
            add_result(mutant, "caught", caught, commit)
            continue
        if mutant.name not in held:
            add_result(mutant, HELD, "for %d seeds; tests are to follow" % few, commit)
        rest.append(mutant)
    if tests and tests.wait() != 0:
        sys.exit("The tests do not build: see " + os.path.join(WORK, "tests.log"))
    survivors = []
    for mutant in rest:
        caught = ask_tests(mutant, mutant.tests, options)
        if caught:
            add_result(mutant, "caught", caught, commit)
        else:
            survivors.append(mutant)
    for mutant in survivors:
        caught = ask_simulator(mutant, options, few + 1, options.seeds) or ask_tests(
            mutant, [] if options.quick else mutant.slow_tests, options)
        asked = "%d seeds of %s" % (options.seeds, " and ".join(mutant.services))
        if caught:
            add_result(mutant, "caught", caught, commit)
        elif options.no_tests or options.quick:
            add_result(mutant, HELD, asked + "; not all tests were run", commit)
        else:
            filters = mutant.tests + mutant.slow_tests
            add_result(mutant, "SURVIVED", asked + ", " + " ".join(filters), commit)


def judge_alone(mutant, options, commit, held):
    make_copy(commit, is_pristine=True)
    if not mutant.apply(COPY):
        return add_result(mutant, "invalid", "the patch does not fit any more", commit)
    say("Building %s alone …" % mutant.name)
    errors = build(["-c", "release", "--product", "simulate"])
    if errors is not None:
        first = errors[0][2] if isinstance(errors, list) else errors.strip().splitlines()[-1]
        return add_result(mutant, "invalid", "it does not build (%s)" % first, commit)
    judge([mutant], options, commit, held)


def main():
    parser = argparse.ArgumentParser(
        prog="scenarios/mutants.sh",
        description="Plants the bugs of Tests/Mutants, one at a time, and reports what catches each.",
        epilog="Exit status: 0 all are caught or known to be equivalent, 1 some are not, 77 skipped.")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="mutants, or beginnings of their names (default: all)")
    parser.add_argument("--seeds", type=int, default=20_000, metavar="N",
                        help="how many seeds of each service (default: 20000)")
    parser.add_argument("--first", type=int, default=2_000, metavar="N",
                        help="how many of them before the tests are asked (default: 2000)")
    parser.add_argument("--limit", type=int, default=600, metavar="SECONDS",
                        help="how long a suite of tests may take, and the simulator be silent "
                        "(default: 600)")
    parser.add_argument("--quick", action="store_true", help="leave the slowest tests out")
    parser.add_argument("--on", default="HEAD", metavar="COMMIT",
                        help="the sources to work on (default: HEAD)")
    parser.add_argument("--no-tests", action="store_true", help="ask the simulator alone")
    parser.add_argument("--alone", action="store_true", help="a build of its own for each")
    parser.add_argument("--again", action="store_true", help="forget earlier results of these")
    parser.add_argument("--table", action="store_true", help="print the results so far")
    options = parser.parse_args()

    names = [name for name in os.listdir(FOLDER) if name.endswith(".patch")]
    # Those that somebody thought of come first.
    names.sort(key=lambda name: ("-drawn-" in name, name))
    paths = [os.path.join(FOLDER, name) for name in names]
    mutants = [mutant for mutant in map(Mutant, paths)
               if not options.names or any(mutant.name.startswith(n) for n in options.names)]
    if not mutants:
        sys.exit("There are no such mutants.")
    if options.table:
        sys.exit(0 if summary(mutants) else 1)

    commit = run(["git", "rev-parse", "--short", options.on], check=True).stdout.strip()
    results = read_results()
    held, rest = set(), []
    for mutant in mutants:
        digest, verdict, _, _ = results.get(mutant.name, (None, None, None, None))
        is_judged = digest == mutant.digest and not options.again
        if is_judged and verdict == HELD:
            held.add(mutant.name)
        if not is_judged or verdict == HELD and not options.no_tests:
            rest.append(mutant)
    say("%d mutants, %d of them to be judged, on %s." % (len(mutants), len(rest), commit))
    if rest:
        make_copy(commit)
        together, alone = ([], rest) if options.alone else combined(mutants, rest, commit)
        judge(together, options, commit, held)
        for mutant in alone:
            judge_alone(mutant, options, commit, held)
    sys.exit(0 if summary(mutants) else 1)


main()
