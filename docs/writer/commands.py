"""The page of the command line: the help of every command, as it is printed today."""

import os
import re
import subprocess
import sys

from docs.writer.names import ROOT
from docs.writer.reference import heading, keep


def write(folder):
    """Write the page into a folder."""
    whole = said("--help")
    lines = [*heading("The command line"), *shown("", whole)]
    for command in re.findall(r"^    (\w+)  ", whole.partition("commands:")[2], re.MULTILINE):
        lines += [*heading(command, "-"), *shown(command, said(command, "--help"))]
    keep(folder / "command_line.rst", "\n".join(lines))


def said(*words):
    """What the command line prints; this machine's Python is called python."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "88", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "tinygrad_rnn", *words]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)  # noqa: S603  (our own)
    return re.sub(r"\S*python[\d.]*(?= -m tinygrad_rnn)", "python", done.stdout)


def shown(command, text):
    """A help text under the command that prints it."""
    words = ["python -m tinygrad_rnn", *([command] if command else []), "--help"]
    return ["::", "", f"    $ {' '.join(words)}", *(f"    {line}".rstrip() for line in text.splitlines()), ""]
