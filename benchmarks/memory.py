"""Peak memory of a training step, in a fresh process for each implementation."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from .peers import PEERS
from .process import alone
from .workloads import WORKLOADS

WATCHED = ("W3", "W5", "W6")
PROCESSES = 3  # the median of this many: allocators do not repeat exactly
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure(workload: str, names: Sequence[str], dtype: str) -> tuple[dict[str, float], dict[str, str]]:
    """The peak of each implementation in MiB, and why others have none."""
    peaks, refused = {}, {}
    for name in names:
        try:
            peaks[name] = sorted(alone(peak_of, workload, name, dtype) for _ in range(PROCESSES))[PROCESSES // 2]
        except Exception as failure:  # a peer that breaks must not stop the others
            refused[name] = f"{type(failure).__name__}: {failure}"
    return peaks, refused


def peak_of(workload: str, name: str, dtype: str) -> float:
    """How many MiB an implementation needs to be built and to run twice, above a process warmed up by a sequence of two steps."""
    PEERS[name].build(WORKLOADS[workload].filled(dtype, T=2))()
    work = WORKLOADS[workload].filled(dtype)
    gc.collect()
    peak = watch()
    step = PEERS[name].build(work)
    step()
    step()
    return peak()


def watch() -> Callable[[], float]:
    """A function that says by how many MiB the resident memory has been above that of now.

    Linux can set the peak back to the present. Elsewhere it counts from the start of the process, and what was freed before
    hides as much of the peak: the difference is a lower bound there.
    """
    with suppress(OSError, AttributeError, TypeError):  # no /proc, not allowed, or another C library
        ctypes.CDLL(None).malloc_trim(0)
        CLEAR.write_text("5")
        start = _resident("VmRSS")
        return lambda: (_resident("VmHWM") - start) / 1024
    import resource  # not on Windows: an ImportError there says that it cannot be measured

    unit = 2**20 if sys.platform == "darwin" else 2**10
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return lambda: (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / unit


def _resident(key: str) -> int:
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(key))
