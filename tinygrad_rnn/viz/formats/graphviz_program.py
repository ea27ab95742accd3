"""Pictures that Graphviz's `dot` paints, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ...shared.operating_system import end_group, own_group
from ..style import clean

__all__ = ["NotPainted", "painted"]

SECONDS = 60.0  # how long `dot` may take
INSTALL = (
    "for PNG and PDF install Graphviz: apt install graphviz (Debian, Ubuntu), dnf install graphviz (Fedora), "
    "brew install graphviz (macOS), winget install graphviz (Windows)"
)


class NotPainted(Exception):
    """`dot` made nothing: why, as the start of a sentence, and what to do about it."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why, hint)
        self.why, self.hint = why, hint


def painted(source: str, kind: str) -> bytes:
    """What `dot` makes of a graph in its language: `kind` is "png" or "pdf". Raises `NotPainted` if it makes nothing."""
    program = shutil.which("dot")
    if program is None or Path(program).resolve().parent == Path.cwd():  # Windows looks in the current folder first
        raise NotPainted("Graphviz is not installed", INSTALL)
    pipe = subprocess.PIPE
    try:
        # in a session of its own, so that everything it has started can be ended
        process = subprocess.Popen(  # noqa: S603 - a program that was found, a list of words, no shell
            [program, f"-T{kind}"], stdin=pipe, stdout=pipe, stderr=pipe, **own_group()
        )
    except OSError as error:
        raise NotPainted(f"Graphviz does not start ({error.strerror or error})", INSTALL) from None
    with process:
        try:
            made, said = process.communicate(source.encode(), timeout=SECONDS)
        except subprocess.TimeoutExpired:
            end_group(process)
            raise NotPainted(f"Graphviz was not done after {SECONDS:g} s", "hide steps (elide=True) or save as .svg") from None
        except BaseException:  # Ctrl-C comes to this process alone
            end_group(process)
            raise
    if process.returncode or not made:
        words = clean(said.decode("utf-8", "replace"), 200) or f"it ended with {process.returncode}"
        raise NotPainted(f"Graphviz could not draw it ({words})", "save as .svg")
    return made
