"""C text to functions: the compiler that is there, and a folder that keeps what it made.

A library is built in a folder of its own and then moved to its name in the cache, which is the hash of all it depends on. So two
processes may build the same one, and whoever reads finds a whole one or none.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from ...shared.operating_system import LIBRARY, WINDOWS, cache_folder
from .c_operations import CannotBeC

__all__ = ["built", "compiler"]

FLAGS = ("-O3", "-fno-math-errno", "-fno-trapping-math")
SECONDS = 120.0  # for a compiler to answer


def compiler() -> list[str]:
    """The command of the C compiler: `CC`, one that is on the path, or that of the extra `native`. Raises `CannotBeC`."""
    if asked := os.environ.get("CC"):
        if whole := shutil.which(asked):
            return [whole]
        command, *options = asked.split()
        if found := shutil.which(command):
            return [found, *options]
        raise CannotBeC(f"CC names {asked!r}, which is not on this machine")
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    if find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise CannotBeC("no C compiler was found: install one, or tinygrad_rnn[native]")


def built(text: str) -> ctypes.CDLL:
    """The library of a C text, from the cache or compiled now. Raises `CannotBeC` with the reason if there is none."""
    command = compiler()
    kernels = files(__package__).joinpath("c_kernels.h").read_text(encoding="utf-8")
    parts = (text, kernels, *FLAGS, *command, _version(*command), _machine())
    name = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32] + LIBRARY
    folder = cache_folder()
    target = folder / name if folder else None
    if target and target.exists():
        with suppress(OSError):  # damaged: built again
            return ctypes.CDLL(str(target))
    return _compiled(text, kernels, command, target)


def _compiled(text: str, kernels: str, command: list[str], target: Path | None) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory(prefix="tinygrad-rnn-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        place.joinpath("program.c").write_text(text, encoding="utf-8")
        place.joinpath("c_kernels.h").write_text(kernels, encoding="utf-8")
        made = place / f"program{LIBRARY}"
        options = ["-shared", *([] if WINDOWS else ["-fPIC"]), "program.c", "-o", made.name, "-lm"]
        said = ""
        for own in (["-march=native"], []):
            failed, said = _run([*command, *FLAGS, *own, *options], folder)
            if not failed:
                break
        else:
            raise CannotBeC(f"the C compiler {Path(command[0]).name} failed: {_first_line(said)}")
        moved = target and _moved(made, target)
        try:
            return ctypes.CDLL(str(moved or made))
        except OSError as error:
            raise CannotBeC(f"what the C compiler made cannot be loaded: {error}") from None


def _moved(made: Path, target: Path) -> Path | None:
    """The library under its name in the cache, or None if it cannot be written there."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as beside:
            os.replace(shutil.copy(made, beside), target)
    except OSError:
        return None
    return target


def _run(command: list[str], folder: str) -> tuple[bool, str]:
    """Whether a command failed, and what it said."""
    name = Path(command[0]).name
    with tempfile.TemporaryFile() as answer:  # not a pipe, which a child of the compiler could hold open
        try:
            done = subprocess.run(  # noqa: S603 (a list of words: no shell reads it)
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=answer, stderr=answer, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise CannotBeC(f"the C compiler {name} gave no answer in {SECONDS:g} seconds") from None
        except OSError as error:
            raise CannotBeC(f"the C compiler {name} cannot be run: {error.strerror}") from None
        answer.seek(0)
        return done.returncode != 0, answer.read().decode("utf-8", "replace")


@lru_cache(maxsize=8)
def _version(*command: str) -> str:
    failed, said = _run([*command, "--version"], os.curdir)
    if failed:
        raise CannotBeC(f"the C compiler {Path(command[0]).name} failed: {_first_line(said)}")
    return said


@lru_cache(maxsize=1)
def _machine() -> str:
    """What `-march=native` looks at: a folder may be shared by machines that differ."""
    about = [platform.machine(), platform.processor(), str(sys.maxsize)]
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        about += [next((line for line in lines if line.startswith(key)), "") for key in ("model name", "flags", "Features")]
    return "\n".join(about)


def _first_line(said: str) -> str:
    lines = said.strip().splitlines()
    return next((line for line in lines if "error" in line), lines[0] if lines else "it said nothing")
