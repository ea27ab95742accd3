"""The course, in a folder of your own: seventeen scripts in which you write the part that matters. Then what is done and what is next.

Say it again whenever you like. What you have written is never touched; a newer version adds its lessons.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from ..errors import DataError
from ..shared.invocation import near, note
from .course_files import hand_out
from .output import need_output

__all__ = ["HELP", "add_arguments", "run"]

HELP = "the course, in a folder of your own"
FOLDER = "lessons"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `learn` understands."""
    parser.add_argument(
        "folder", nargs="?", default=FOLDER, metavar="FOLDER", help=f"where the course is to be (default: {FOLDER})"
    )


def run(args: argparse.Namespace) -> int:
    """Write what is missing, tell what was kept, and let the course say what comes next. Returns the exit code of that."""
    need_output("send the words to a file: > FILE")
    if not args.folder:
        raise DataError("the name of the folder is empty", hint=f"leave it out, and the course goes to {FOLDER}")
    handed = hand_out(Path(args.folder))
    place = near(args.folder)
    if handed.written:
        note(f"wrote {_files(handed.written)} of the course to {place}")
    if handed.renewed:
        note(f"renewed {_files(handed.renewed)} that you had not changed")
    if handed.kept:
        note(f"kept your {', '.join(handed.kept)}")
    if handed.outdated:
        note(f"of these, this version has another {', '.join(handed.outdated)}: rename yours, and say this again, to have both")
    sys.stdout.flush()
    return subprocess.run([sys.executable, args.folder]).returncode  # noqa: S603  (the list of the lessons)


def _files(names: list[str]) -> str:
    return f"{len(names)} file{'s' if len(names) > 1 else ''}"
