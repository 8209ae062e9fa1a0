"""Finds the functions of a Swift source that swift-format has laid out."""
import re

MODIFIERS = (
    r"(?:(?:public|package|private|fileprivate|internal|static|mutating|nonmutating|consuming"
    r"|borrowing|override|final|prefix|postfix|@\w+(?:\([^)]*\))?)\s+)*"
)
FUNCTION = re.compile(r"^\s*" + MODIFIERS + r"(func|init\b|subscript\b|var|get\b|set\b|didSet\b)")


class Function:
    """A function, initializer or getter with a body: lines `first` to `last`, from 0, with its braces."""

    def __init__(self, kind, signature, opening, first, last, whole):
        self.kind = kind
        self.signature = signature
        self.opening = opening  # the line that ends with the brace
        self.first = first  # the first line of the declaration
        self.last = last  # the line of the closing brace
        self.whole = whole  # (signature with brace, body) if all of it is on one line

    @property
    def name(self):
        match = re.search(r"(func\s+\S+?|init\??|subscript|var\s+\w+|get|set|didSet)(?=[(<:\s{]|$)",
                          self.signature)
        words = match.group(1).split() if match else [self.kind]
        name = words[-1]
        handled = re.match(r"\(\s*_ \w+: (\w+), from\b", self.parameters)
        if handled:
            return "%s(%s)" % (name, handled.group(1))
        if self.kind in ("func", "init", "subscript"):
            labels = re.findall(r"(?:^|[(,])\s*(?:@\w+\s+)?(\w+)(?:\s+\w+)?\s*:", self.parameters)
            name += "(" + "".join(label + ":" for label in labels) + ")"
        return name

    @property
    def parameters(self):
        start = self.signature.find("(")
        if start < 0:
            return ""
        return self.signature[start:closing(self.signature, start) + 1]

    @property
    def returns_value(self):
        if self.kind in ("var", "get"):
            return True
        if self.kind in ("init", "set", "didSet"):
            return False
        start = self.signature.find("(")
        after = self.signature[closing(self.signature, start) + 1:]
        match = re.search(r"->\s*(\S+)", after)
        return bool(match) and match.group(1) not in ("Void", "Never")


def closing(text, start):
    """Where the bracket that opens at `start` closes."""
    depth = 0
    for index in range(start, len(text)):
        if text[index] in "([{":
            depth += 1
        elif text[index] in ")]}":
            depth -= 1
            if depth == 0:
                return index
    return len(text) - 1


def indentation(line):
    return len(line) - len(line.lstrip(" "))


def functions(lines):
    """The outermost functions, in order."""
    found = []
    index = 0
    while index < len(lines):
        function = function_at(lines, index)
        if function is None:
            index += 1
            continue
        body = [line.strip() for line in lines[function.opening + 1:function.last]]
        accessors = [line for line in body if re.match(r"(@\w+\s+)?(mutating )?(get|set|_modify|didSet|willSet)\b.*\{", line)]
        if accessors and function.kind in ("var", "subscript"):
            index = function.opening + 1  # its accessors are the functions
            continue
        found.append(function)
        index = function.last + 1
    return found


def function_at(lines, index):
    line = lines[index]
    match = FUNCTION.match(line)
    if not match:
        return None
    kind = match.group(1)
    if kind == "var" and "{" not in line:
        return None
    if kind == "var" and re.search(r"=\s*\{?", line.split("{")[0]):
        return None
    depth = indentation(line)
    opening = index
    while opening < len(lines):
        text = lines[opening].rstrip()
        if text.endswith("{"):
            break
        one = re.match(r"^(.*?\{) (.+) \}$", text)
        if one and opening == index and balanced(one.group(1)[:-1]):
            return Function(kind, one.group(1)[:-1], index, index, index, one.groups())
        if opening > index and (not text or indentation(lines[opening]) < depth):
            return None
        if opening > index and FUNCTION.match(lines[opening]) and indentation(text) == depth:
            return None
        opening += 1
    else:
        return None
    signature = " ".join(part.strip() for part in lines[index:opening + 1])[:-1]
    if not balanced(signature):
        return None
    last = opening + 1
    while last < len(lines) and lines[last].rstrip() != " " * depth + "}":
        last += 1
    if last == len(lines):
        return None
    return Function(kind, signature, opening, index, last, None)


def balanced(text):
    return all(text.count(a) == text.count(b) for a, b in ("()", "[]", "{}"))
