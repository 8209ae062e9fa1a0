"""Compares what runs have reached, as llvm-cov exports it, with what a list excuses."""

import json
import os
import sys

CODE = 0
PARTS = ("Roles", "Election", "Log")


def regions_of(export):
    """By file: the highest count of each region of code, over all instances of a function."""
    files = {}
    for function in export["data"][0]["functions"]:
        names = function["filenames"]
        for region in function["regions"]:
            begin, column, end, last, count, name, _, kind = region[:8]
            path = names[name]
            if kind != CODE or os.path.basename(os.path.dirname(path)) not in PARTS:
                continue
            counts = files.setdefault(path, {})
            key = (begin, column, end, last)
            counts[key] = max(counts.get(key, 0), count)
    return files


def outermost(regions):
    """The regions without those that lie within another of them."""
    kept = []
    for region in sorted(regions, key=lambda each: (each[0], each[1], -each[2], -each[3])):
        if kept and region[2:4] <= kept[-1][2:4]:
            continue
        kept.append(region)
    return kept


def text_of(lines, region):
    """The line on which a region begins; of a block's brace, the line before it and the next."""
    begin, column = region[0], region[1]
    line = lines[begin - 1].strip()
    return line if line != "{" else lines[begin - 2].strip() + " {"


def is_message(lines, region):
    """Whether it is the sentence of a precondition, which nothing is to reach."""
    return lines[region[0] - 1][region[1] - 1 :].lstrip().startswith('"')


def read_excuses(path):
    """Lines of FILE | TEXT | REASON."""
    excuses = []
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            parts = [part.strip() for part in line.split(" | ")]
            if len(parts) != 3 or not all(parts):
                sys.exit(f"{path}:{number}: not FILE | TEXT | REASON")
            excuses.append(parts)
    return excuses


def main():
    with open(sys.argv[1]) as file:
        files = regions_of(json.load(file))
    excuses = read_excuses(sys.argv[2])
    used = set()
    everything = reached = excused = 0
    missing = []
    for path in sorted(files):
        name = os.path.basename(path)
        with open(path) as file:
            lines = file.read().split("\n")
        counts = files[path]
        everything += len(counts)
        reached += sum(1 for count in counts.values() if count > 0)
        unreached = [region for region, count in counts.items() if count == 0]
        for region in outermost(unreached):
            if is_message(lines, region):
                excused += 1
                continue
            text = text_of(lines, region)
            found = [
                index
                for index, (file_name, part, _) in enumerate(excuses)
                if file_name == name and (part == "*" or part in text)
            ]
            if found:
                used.update(found)
                excused += 1
            else:
                missing.append(f"{name}:{region[0]}: {text}")
    print(f"{reached} of {everything} regions reached; of the rest, {excused} are excused.")
    for line in missing:
        print(f"not reached: {line}")
    for index, (name, part, reason) in enumerate(excuses):
        if index not in used:
            print(f"excuses nothing: {name} | {part} | {reason}")
    sys.exit(1 if missing or len(used) < len(excuses) else 0)


main()
