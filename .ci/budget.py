"""Print the line budget: lines of code without blank lines, comments and docstrings, against what was decided."""

import ast
import io
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET = {
    "engine": 2550,
    "training and generation": 1350,
    "nn": 1800,
    "probe": 1000,
    "data": 1300,
    "io": 800,
    "viz": 3750,
    "plots": 650,
    "terminal": 250,
    "commands": 550,
}
TERMINAL = {"terminal", "sparks", "progress"}
TRAINING = set(
    [
        "train",
        "loop",
        "resume",
        "checkpoint",
        "history",
        "generators",
        "schedules",
        "optim",
        "optimizer",
        "clipping",
        "generate",
        "sampling",
        "files",
        "interrupts",
        "returned",
        "writing",
        "beams",
    ]
)


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


def main():
    sizes = {path.relative_to(ROOT): len(code_lines(path)) for path in sorted((ROOT / "tinygrad_rnn").rglob("*.py"))}
    for path, size in sorted(sizes.items(), key=lambda item: -item[1])[:8]:
        print(f"{size:6}  {path}")
    found = dict.fromkeys(BUDGET, 0)
    for path, size in sizes.items():
        part = path.parts[1] if path.parts[1] in BUDGET else "training and generation" if path.stem in TRAINING else "engine"
        found["terminal" if path.stem in TERMINAL else part] += size
    for kind in ("js", "css"):
        page = (ROOT / "tinygrad_rnn").rglob(f"*.{kind}")
        print(f"{sum(len(path.read_text(encoding='utf-8').splitlines()) for path in page):6} lines of .{kind}")
    for name, budget in BUDGET.items():
        print(f"{found[name]:6} of about {budget:,}  {name}")


if __name__ == "__main__":
    main()
