"""The processes that measure: one thread, one core where the system allows it, and what machine it is. No NumPy in here."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import datetime, timezone
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
THREADS = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "NUMBA")


def one_thread() -> None:
    """Make numeric libraries use one thread, and stay on one core, here and in all processes started from here.

    Call it before NumPy loads: libraries read this only once.
    """
    for library in THREADS:
        os.environ[f"{library}_NUM_THREADS"] = "1"
    os.environ["VECLIB_MAXIMUM_THREADS"] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if hasattr(os, "sched_setaffinity"):
        with suppress(OSError):  # some containers refuse it: then the system chooses the core
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def alone(measure: Callable[..., T], *args: object) -> T:
    """What `measure(*args)` returns in a fresh process.

    What ran before leaves its mark: an allocator that has seen large arrays come and go keeps their pages. With all workloads in
    one process, a snapshot of W3 costs 1.5 to 3.3 training steps, depending on what ran before it.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *args).result()


def pinned() -> bool:
    """Whether this process stays on one core."""
    return hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) == 1


def version(package: str) -> str:
    """The version of an installed package, or "not installed"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def machine() -> dict[str, str]:
    """What numbers depend on, besides the code: versions, processor, system, day."""
    return {
        "Python": platform.python_version(),
        "NumPy": version("numpy"),
        "torch": version("torch"),
        "JAX": version("jax"),
        "MyGrad": version("mygrad"),
        "autograd": version("autograd"),
        "CPU": _cpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "core": "pinned" if pinned() else "not pinned",
        "date": datetime.now(timezone.utc).date().isoformat(),
    }


def _cpu() -> str:
    known = Path("/proc/cpuinfo")
    for line in known.read_text().splitlines() if known.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
