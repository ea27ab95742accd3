"""The course as files: where this package keeps it, and a learner's own copy that a newer version renews without taking work away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DataError
from ..shared.atomic_files import write
from ..shared.versions import __version__

__all__ = ["Handed", "course_home", "hand_out"]

RECORD = ".course.json"  # what was handed out, so that a file nobody has changed can be told from somebody's work
PATTERNS = ("*.py", "*.md", "solutions/*.py", "course/**/*.py")


@dataclass
class Handed:
    """Which files of a course were written, renewed because nobody had changed them, and kept because somebody had.

    Of those that were kept, `outdated` are the ones that this version has in another form than the one that was handed out.
    """

    folder: Path
    written: list[str] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)


def course_home() -> Path:
    """The folder of the course: inside of an installed package, beside it in a clone. Raises `DataError` if it is in neither."""
    package = Path(__file__).resolve().parents[1]
    for home in (package / "lessons", package.parent / "lessons"):
        if (home / "course" / "__init__.py").is_file():
            return home
    raise DataError(f"there is no course beside {package}", hint="install tinygrad_rnn from its wheel, or work in a clone of it")


def hand_out(folder: Path) -> Handed:
    """Bring a folder up to the course of this version. Raises `DataError`, before anything is written, where that cannot be.

    A file that is missing is written; one that is as it was handed out is renewed; one that differs is somebody's work and stays.
    """
    home, handed = course_home(), Handed(folder)
    if _is_there(folder) and folder.resolve() == home:  # in a clone: that is the course
        return handed
    files = {path.relative_to(home).as_posix(): path.read_bytes() for pattern in PATTERNS for path in sorted(home.glob(pattern))}
    before = _recorded(folder)
    _refuse_others(folder, before)
    record = {name: before.get(name, _digest(data)) for name, data in files.items()}
    changes = dict(_changes(folder, files, before, handed))
    record |= {name: _digest(data) for name, data in changes.items()}
    for place in sorted({folder, *((folder / name).parent for name in files)}):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot write the course to {folder}: {_why(error, place)}", hint=ELSEWHERE) from None
    for name, data in changes.items():
        write(folder / name, data)
    if record != before:  # last: what is broken off before is finished the next time
        write(folder / RECORD, json.dumps({"version": __version__, "files": record}, indent=1).encode())
    return handed


ELSEWHERE = "name a folder that you may write to: tinygrad-rnn learn FOLDER"


def _changes(folder: Path, files: Mapping[str, bytes], before: Mapping[str, str], handed: Handed) -> Iterator[tuple[str, bytes]]:
    """What has to be written, and for `handed` what becomes of every file."""
    for name, data in files.items():
        there = folder / name
        try:
            found = there.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            handed.written.append(name)
            yield name, data
            continue
        except (OSError, ValueError) as error:
            raise DataError(f"cannot write the course to {folder}: {_why(error, there)}", hint=ELSEWHERE) from None
        if found == data:
            continue
        if _digest(found) == before.get(name):
            handed.renewed.append(name)
            yield name, data
        else:
            handed.kept.append(name)
            if before.get(name) not in (None, _digest(data)):
                handed.outdated.append(name)


def _recorded(folder: Path) -> dict[str, str]:
    """What was handed out here before: a digest a file; nothing where that is not known."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return {str(name): str(digest) for name, digest in found.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _refuse_others(folder: Path, before: Mapping[str, str]) -> None:
    """A folder with other things in it is not filled up with lessons."""
    try:
        strange = _is_there(folder) and not before and not (folder / "course").is_dir() and any(folder.iterdir())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot write the course to {folder}: {_why(error, folder)}", hint=ELSEWHERE) from None
    if strange:
        raise DataError(f"{folder} holds other files and no course", hint="name a folder of its own: tinygrad-rnn learn FOLDER")


def _is_there(folder: Path) -> bool:
    try:
        return folder.exists() or folder.is_symlink()
    except (OSError, ValueError):
        return False


def _why(error: Exception, place: Path) -> str:
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return f"{place} is in the way, which is not a folder" if not place.is_dir() else f"{place} is in the way"
    if isinstance(error, IsADirectoryError):
        return f"{place} is a folder, where a file belongs"
    return str(getattr(error, "strerror", None) or error)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
