"""Print the line budget: lines of code without blank lines, comments and docstrings, against what was decided."""

import ast
import io
import tokenize
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "tinygrad_rnn"
BUDGET = {  # room: lines, lowest room first; growing past it is a decision, written in the CHANGELOG
    "errors": 40,
    "shared": 735,
    "engine": 2645,
    "functional": 295,
    "replay": 430,
    "program": 2790,
    "nn": 2790,
    "optim": 500,
    "train": 900,
    "probe": 1175,
    "data": 1315,
    "io": 1760,
    "viz": 3950,
    "plots": 640,
    "commands": 720,
    "the face": 75,
}


def code_lines(path):
    """The numbers of the lines that hold code."""
    source = path.read_text(encoding="utf-8")
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in skip:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            lines.difference_update(range(text.lineno, text.end_lineno + 1))
    return lines


def room_of(path):
    """The folder of a file in the package, or the file that stands at the root."""
    room = path.parts[0].removesuffix(".py")
    return "the face" if room.startswith("__") else room


def main():
    sizes = {path.relative_to(PACKAGE): len(code_lines(path)) for path in sorted(PACKAGE.rglob("*.py"))}
    print("the longest files")
    for path, size in sorted(sizes.items(), key=lambda item: -item[1])[:8]:
        print(f"{size:7,}  {path}")
    found = Counter()
    for path, size in sizes.items():
        found[room_of(path)] += size
    print("lines of code by room, and their budget")
    for room in [*BUDGET, *sorted(found.keys() - BUDGET.keys())]:
        note = "has no budget" if room not in BUDGET else "is over it" if found[room] > BUDGET[room] else ""
        print(f"{found[room]:7,}{BUDGET.get(room, 0):7,}  {room} {note}".rstrip())
    print(f"{found.total():7,}{sum(BUDGET.values()):7,}  all")
    for kind in ("js", "css"):
        lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob(f"*.{kind}"))
        print(f"{lines:7,}  lines of .{kind}")


if __name__ == "__main__":
    main()
