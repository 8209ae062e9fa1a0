"""Puts many patches into one build: each function that a patch changes gets the changed body too, which
is taken when the environment names the patch. So a build serves for as many mutants as there are."""
import difflib
import os
import re

import swift_source

VARIABLE = "SYNOD_MUTANT"

SWITCH = """#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The number of the mutant that is awake; 0 if none is.
@usableFromInline let activeMutant: Int = unsafe getenv("%s").map { unsafe Int(String(cString: $0)) ?? 0 } ?? 0
""" % VARIABLE


def changed_lines(before, after):
    """The range of lines of `before` that differ, and how many lines more `after` has."""
    blocks = [block for block in
              difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
              if block[0] != "equal"]
    return blocks[0][1], blocks[-1][2], len(after) - len(before)


def body_of(lines, function, longer=0):
    if function.whole:
        match = re.match(r"^(.*?\{) (.+) \}$", lines[function.first].rstrip())
        return [match.group(2)] if match else None
    return lines[function.opening + 1:function.last + longer]


def with_return(body):
    """A body of one expression, whose value it returns, as one that says so."""
    if any(re.search(r"\breturn\b", line) for line in body):
        return body
    result = list(body)
    for index, line in enumerate(result):
        if line.strip() and not line.strip().startswith("//"):
            result[index] = "return " + line.strip()
            break
    return result


class Combination:
    """The sources with all mutants that fit."""

    def __init__(self):
        self.bodies = {}  # by file: {function's first line: [(number, body)]}
        self.pristine = {}

    def add(self, number, path, before, after):
        """Adds a changed file; returns whether all that is changed is in one function's body."""
        begin, end, longer = changed_lines(before, after)
        for function in swift_source.functions(before):
            if function.whole:
                if begin != function.first or end != function.first + 1 or longer != 0:
                    continue
                body = body_of(after, function)
                if body is None:
                    return False
            else:
                if begin <= function.opening or end > function.last:
                    continue
                body = body_of(after, function, longer)
            self.pristine[path] = before
            self.bodies.setdefault(path, {}).setdefault(function.first, []).append((number, body))
            return True
        return False

    def remove(self, number):
        for bodies in self.bodies.values():
            for first in bodies:
                bodies[first] = [each for each in bodies[first] if each[0] != number]

    def write(self, root):
        """Writes the files; returns, by path, which lines belong to which mutant."""
        owners = {}
        for path, bodies in self.bodies.items():
            lines, owner = self.render(path, bodies)
            owners[path] = owner
            write_if_changed(os.path.join(root, path), "\n".join(lines) + "\n")
            module = os.path.join(*path.split("/")[:2])
            write_if_changed(os.path.join(root, module, "ActiveMutant.swift"), SWITCH)
        return owners

    def render(self, path, bodies):
        before = self.pristine[path]
        lines, owner = [], {}
        index = 0
        for function in swift_source.functions(before):
            mutants = bodies.get(function.first)
            if not mutants:
                continue
            if function.whole:
                lines += before[index:function.first] + [function.whole[0]]
            else:
                lines += before[index:function.opening + 1]
            for number, body in mutants:
                begin = len(lines) + 1
                lines.append("if activeMutant == %d {" % number)
                lines += with_return(body) if function.returns_value else body + ["return"]
                lines.append("}")
                for line in range(begin, len(lines) + 1):
                    owner[line] = number
            original = body_of(before, function)
            lines += with_return(original) if function.returns_value else original
            lines.append("}")
            index = function.last + 1
        lines += before[index:]
        return lines, owner


def write_if_changed(path, text):
    try:
        with open(path) as file:
            if file.read() == text:
                return
    except FileNotFoundError:
        pass
    with open(path, "w") as file:
        file.write(text)
