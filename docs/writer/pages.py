"""The code on the pages that are written by hand: what a test runs, and what the site draws."""

import re
from typing import NamedTuple

FENCE = re.compile(r"^```(\{?[a-z]+\}?)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A block of code: its language ("python", "drawn", "console", "powershell" ...), its text and the line where it begins."""

    kind: str
    text: str
    line: int


def blocks(text):
    """The blocks of code of a page, in order; options of a directive (`:name: ...`) are left out."""
    found = []
    for match in FENCE.finditer(text):
        code = re.sub(r"\A(:[\w-]+:[^\n]*\n)+\n?", "", match[3])
        found.append(Block(match[1].strip("{}"), code, text.count("\n", 0, match.start()) + 2))
    return found


def python(text):
    """The Python of a page as one text: its examples, in order."""
    return "\n".join(block.text for block in blocks(text) if block.kind in ("python", "drawn"))
