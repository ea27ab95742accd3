"""The code on the pages that are written by hand: what a test runs, and what the site draws."""

import re
from typing import NamedTuple

FENCE = re.compile(r"^```(\{?[a-z]+\}?)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


PYTHON = "python", "drawn", "raises"


class Block(NamedTuple):
    """A block of code: its language ("python", "drawn", "console" ...), its text, the line where it begins, its argument."""

    kind: str
    text: str
    line: int
    argument: str = ""


def blocks(text):
    """The blocks of code of a page, in order; options of a directive (`:name: ...`) are left out."""
    found = []
    for match in FENCE.finditer(text):
        code = re.sub(r"\A(:[\w-]+:[^\n]*\n)+\n?", "", match[3])
        found.append(Block(match[1].strip("{}"), code, text.count("\n", 0, match.start()) + 2, match[2].strip()))
    return found
