"""Files that are written as a whole or not at all: beside their target, and then moved over it."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from ..errors import DataError

__all__ = ["target_of", "write"]

PREFIX = ".tinygrad-rnn-"
SECONDS = 600.0  # a file that nobody wrote to for so long belongs to a process that was killed


def target_of(path: str | os.PathLike[str], kinds: tuple[str, ...], what: str) -> Path:
    """The path, if `what` (a picture, weights) can be written there and its suffix is one of `kinds`. Raises `DataError` if not.

    >>> from tinygrad_rnn.shared.atomic_files import target_of
    >>> target_of("lstm.SVG", (".svg", ".dot"), "picture").suffix
    '.SVG'
    """
    known = f"{', '.join(kinds[:-1])} or {kinds[-1]}" if kinds[1:] else kinds[0]
    example = f"{what.split()[-1]}{kinds[0]}"
    try:
        target = Path(path)
    except TypeError:
        raise DataError(f"cannot save a {what} as {path!r}", hint=f"give a path that ends in {known}") from None
    if not os.fspath(path):
        raise DataError(f"cannot save a {what} under an empty name", hint=f"give a path that ends in {known}")
    try:
        os.lstat(target)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # too long for a file, or with a character that none may have
        why = str(getattr(error, "strerror", None) or error)
        if not isinstance(error, (NotADirectoryError, PermissionError)):
            raise DataError(f"cannot write {os.fspath(path)!r}: {why}", hint="choose a shorter, plainer name") from None
    if os.path.isdir(target):  # os.path: a name too long for any file is an answer there, not an OSError
        _refuse(target, "it is a folder", f"name a file in it: {target / example}")
    if target.name in kinds:
        raise DataError(
            f"cannot save a {what} as {target.name!r}", hint=f"put a name before the suffix: {what.split()[-1]}{target.name}"
        )
    if target.suffix.lower() not in kinds:
        raise DataError(f"cannot save a {what} as {target.name!r}", hint=f"the suffix is {known}")
    if not os.path.isdir(target.parent):
        if os.path.exists(target.parent):
            _refuse(target, f"{target.parent} is not a folder", "give another folder")
        _refuse(target, f"the folder {target.parent} does not exist", "create the folder first")
    leads_to = os.path.realpath(target) if os.path.islink(target) else target
    if not os.access(os.path.dirname(leads_to) or os.curdir, os.W_OK):
        _refuse(target, "you may not write to that folder", "name a file in a folder that you may write to")
    if os.path.exists(target) and not (os.path.isfile(target) and os.access(target, os.W_OK)):
        _refuse(target, "what is there is not a file that you may change", "choose another name")
    return target


def write(path: Path, data: bytes) -> Path:
    """Write beside the target and move: the file is there as a whole or not at all, and what was there before survives a failure.

    A link stays a link to the file, and permissions stay. Raises `DataError` where the file system refuses.
    """
    name = None
    try:
        target = os.path.realpath(path)
        _sweep(os.path.dirname(target))
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(target), prefix=PREFIX, delete=False) as file:
            name = file.name
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # some file systems move a name before they store what it names
        os.chmod(name, stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else 0o666 & ~_umask())
        os.replace(name, target)
        name = None
    except (OSError, ValueError) as error:  # ValueError: a name that no file system can hold
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        hint = "make room on that disk" if full else "choose another name, or a folder that you may write to"
        _refuse(path, str(getattr(error, "strerror", None) or error), hint)
    finally:
        if name is not None:
            os.unlink(name)
    return path


def _sweep(folder: str) -> None:
    """Remove what processes that were killed while they wrote left in a folder."""
    for entry in os.scandir(folder):
        if entry.name.startswith(PREFIX) and entry.is_file(follow_symlinks=False):
            with suppress(OSError):  # another process was quicker, or it is not ours
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > SECONDS:
                    os.unlink(entry.path)


def _refuse(path: Path, why: str, hint: str) -> NoReturn:
    raise DataError(f"cannot write {path}: {why}", hint=hint)


def _umask() -> int:
    """What new files of this process are not allowed; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
