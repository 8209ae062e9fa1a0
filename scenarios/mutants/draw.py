"""Draws mutants without a look at any test: it walks through the functions of the named files and makes,
for the branches of each in turn, one of these: a condition negated, a bound off by one, a statement
dropped. The same arguments give the same mutants.

usage: python3 -B scenarios/mutants/draw.py PREFIX COUNT SEED FILE...

Writes Tests/Mutants/PREFIX-drawn-NN.patch.
"""
import difflib
import os
import random
import re
import sys

import swift_source

FOLDER = os.path.join("Tests", "Mutants")
BRANCH = re.compile(r"^\s*(?:\} else )?(if|guard|while|for|case|default)\b")
STATEMENT = re.compile(r"^\s*(?!let\b|var\b|guard\b|if\b|for\b|while\b|switch\b|case\b|default\b"
                       r"|repeat\b|func\b|defer\b|do\b|precondition|//|\}|else\b|where\b|\.|\)|\]"
                       r"|&&|\|\||\?|:)\S.*")


def branches(lines, function):
    """The lines where a branch begins; the function's own beginning is the first."""
    yield function.opening
    for index in range(function.opening + 1, function.last):
        if BRANCH.match(lines[index]):
            yield index


def pieces(text):
    """A condition's parts between its commas, each with its place."""
    depth, start = 0, 0
    for index, letter in enumerate(text + ","):
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == "," and depth == 0:
            yield start, text[start:index]
            start = index + 1


def condition_of(line):
    """Where a one-line condition is in a line, and what it says."""
    match = re.match(r"^(\s*(?:\} else )?(?:if|guard|while) )(.*?)(?: else)? \{(?:.*\})?$", line)
    if match:
        return len(match.group(1)), match.group(2)
    match = re.match(r"^(\s*for .* where )(.*) \{$", line)
    if match:
        return len(match.group(1)), match.group(2)
    return None


def negations(line):
    found = condition_of(line)
    if not found:
        return
    offset, condition = found
    for start, piece in pieces(condition):
        text = piece.strip()
        if re.match(r"(let|var|case)\b", text) or not text:
            continue
        place = offset + start + len(piece) - len(piece.lstrip())
        negated = text[1:] if re.match(r"!\w[\w.]*$", text) else "!(%s)" % text
        yield (line[:place] + negated + line[place + len(text):],
               "the condition `%s` is negated" % text)


def shifts(line):
    for old, new in ((" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > ")):
        for match in re.finditer(re.escape(old), line):
            yield (line[:match.start()] + new + line[match.end():],
                   "`%s` is `%s`" % (line.strip(), (line[:match.start()] + new
                                                     + line[match.end():]).strip()))
    for match in re.finditer(r" [+-] 1\b(?!_)", line):
        yield (line[:match.start()] + line[match.end():],
               "the `%s` is missing in `%s`" % (match.group().strip(), line.strip()))


def block(lines, function, begin):
    """The lines of the branch that begins at a line, without the blocks inside."""
    depth = swift_source.indentation(lines[begin])
    inner = None
    one = re.search(r" \{ (.+) \}$", lines[begin])
    if one:
        return
    for index in range(begin + 1, function.last):
        here = swift_source.indentation(lines[index])
        if not lines[index].strip():
            continue
        if here <= depth and index > begin + 1 and inner is not None:
            return
        if lines[index].strip() in ("else {", "{") or lines[index].rstrip().endswith(") {"):
            inner = None
            continue
        if inner is None:
            inner = here
        if here == inner:
            yield index


def drops(lines, function, begin):
    """A whole statement of the branch, left out."""
    if function.returns_value and not any(
            re.search(r"\breturn\b", line) for line in lines[function.opening:function.last]):
        return  # it is the value
    for index in block(lines, function, begin):
        line = lines[index]
        if not STATEMENT.match(line) or line.strip().startswith("return "):
            continue
        if function.kind == "init" and not re.search(r"\(.*\)$", line):
            continue  # it would leave a property without a value
        if not swift_source.balanced(line) or line.rstrip().endswith(("{", "(", ",", "=")):
            continue
        if lines[index - 1].rstrip().endswith((",", "(", "guard", "if", "=", "&&", "||", "->")):
            continue  # it goes on with what is before it
        follower = lines[index + 1] if index + 1 < len(lines) else ""
        if swift_source.indentation(follower) > swift_source.indentation(line) and follower.strip():
            continue
        yield index, "`%s` is missing" % line.strip()


def candidates(lines, function, begin):
    """All that can be done to a branch: kinds, each with its mutations (line, new text, sentence)."""
    kinds = {}
    for text, sentence in negations(lines[begin]):
        kinds.setdefault("negated", []).append((begin, text, sentence))
    near = [begin] + list(block(lines, function, begin))
    for index in near:
        if index == function.opening or lines[index].strip().startswith(("//", "precondition")):
            continue
        for text, sentence in shifts(lines[index]):
            kinds.setdefault("shifted", []).append((index, text, sentence))
    for index, sentence in drops(lines, function, begin):
        kinds.setdefault("dropped", []).append((index, None, sentence))
    return kinds


def draw(path, source):
    """One mutation of each branch of a file that has one, in order."""
    with open(path) as file:
        lines = file.read().splitlines()
    for function in swift_source.functions(lines):
        if function.whole or "checkInvariants" in function.name or function.name == "encode(into:)":
            continue
        for begin in branches(lines, function):
            kinds = candidates(lines, function, begin)
            if not kinds:
                continue
            kind = source.choice(sorted(kinds))
            index, text, sentence = source.choice(kinds[kind])
            after = lines[:index] + ([] if text is None else [text]) + lines[index + 1:]
            yield function, sentence, lines, after


def patch(path, before, after):
    return "\n".join(difflib.unified_diff(
        before, after, "a/" + path, "b/" + path, lineterm="", n=2)) + "\n"


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    prefix, count, seed, paths = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    source = random.Random(seed)
    everything = []
    for path in paths:
        everything += [(path, *mutation) for mutation in draw(path, source)]
    # Evenly from all branches, beginning anywhere.
    begin = source.random()
    step = len(everything) / count
    chosen = [everything[int((begin + index) * step) % len(everything)] for index in range(count)]
    os.makedirs(FOLDER, exist_ok=True)
    for number, (path, function, sentence, before, after) in enumerate(chosen, 1):
        name = "%s-drawn-%02d.patch" % (prefix, number)
        with open(os.path.join(FOLDER, name), "w") as file:
            place = os.path.basename(path)[:-len(".swift")]
            file.write("# What is wrong: in %s of %s, %s.\n" % (function.name, place, sentence))
            file.write(patch(path, before, after))
        print("%s: %s, %s: %s" % (name, place, function.name, sentence))
    print("%d branches, %d drawn" % (len(everything), count))


main()
