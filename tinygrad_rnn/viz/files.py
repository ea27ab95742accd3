"""Pictures as files: written as a whole or not at all, and painted by Graphviz's `dot` where it is installed."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from ..errors import DataError
from .style import clean

__all__ = ["NotPainted", "painted", "target_of", "write"]

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


def target_of(path: str | os.PathLike[str], kinds: tuple[str, ...]) -> Path:
    """The path, if a picture can be written there and its suffix is one of `kinds`. Raises `DataError` if not.

    >>> target_of("lstm.SVG", (".svg", ".dot")).suffix
    '.SVG'
    """
    known = f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    try:
        target = Path(path)
    except TypeError:
        raise DataError(f"cannot save a picture as {path!r}", hint=f"give a path that ends in {known}") from None
    if not os.fspath(path):
        raise DataError("cannot save a picture under an empty name", hint=f"give a path that ends in {known}")
    if os.path.isdir(target):  # os.path: a name too long for any file is an answer there, not an OSError
        _refuse(target, "it is a folder", f"name a file in it: {target / 'picture.svg'}")
    if target.name in kinds:
        raise DataError(f"cannot save a picture as {target.name!r}", hint=f"put a name before the suffix: picture{target.name}")
    if target.suffix.lower() not in kinds:
        raise DataError(f"cannot save a picture as {target.name!r}", hint=f"the suffix is {known}")
    if not os.path.isdir(target.parent):
        if os.path.exists(target.parent):
            _refuse(target, f"{target.parent} is not a folder", "give another folder")
        _refuse(target, f"the folder {target.parent} does not exist", "create the folder first")
    if os.path.exists(target) and not (os.path.isfile(target) and os.access(target, os.W_OK)):
        _refuse(target, "what is there is not a file that you may change", "choose another name")
    return target


def write(path: Path, data: bytes) -> Path:
    """Write beside the target and move: a picture is there as a whole or not at all. A link stays a link to the picture."""
    name = None
    try:
        target = os.path.realpath(path)
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(target), prefix=".drawing-", delete=False) as file:
            name = file.name
            file.write(data)
        os.chmod(name, stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else 0o666 & ~_umask())
        os.replace(name, target)
        name = None
    except (OSError, ValueError) as error:  # ValueError: a name that no file system can hold
        _refuse(path, str(getattr(error, "strerror", None) or error), "choose another name, or a folder that you may write to")
    finally:
        if name is not None:
            os.unlink(name)
    return path


def painted(source: str, kind: str) -> bytes:
    """What `dot` makes of a graph in its language: `kind` is "png" or "pdf". Raises `NotPainted` if it makes nothing."""
    program = shutil.which("dot")
    if program is None or Path(program).resolve().parent == Path.cwd():  # Windows looks in the current folder first
        raise NotPainted("Graphviz is not installed", INSTALL)
    pipe = subprocess.PIPE
    try:
        # in a session of its own, so that everything it has started can be ended
        process = subprocess.Popen(  # noqa: S603 - a program that was found, a list of words, no shell
            [program, f"-T{kind}"], stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=os.name == "posix"
        )
    except OSError as error:
        raise NotPainted(f"Graphviz does not start ({error.strerror or error})", INSTALL) from None
    with process:
        try:
            made, said = process.communicate(source.encode(), timeout=SECONDS)
        except subprocess.TimeoutExpired:
            _end(process)
            raise NotPainted(f"Graphviz was not done after {SECONDS:g} s", "hide steps (elide=True) or save as .svg") from None
        except BaseException:  # Ctrl-C comes to this process alone
            _end(process)
            raise
    if process.returncode or not made:
        words = clean(said.decode("utf-8", "replace"), 200) or f"it ended with {process.returncode}"
        raise NotPainted(f"Graphviz could not draw it ({words})", "save as .svg")
    return made


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _refuse(path: Path, why: str, hint: str) -> NoReturn:
    raise DataError(f"cannot write {path}: {why}", hint=hint)


def _umask() -> int:
    """What new files of this process are not allowed; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
