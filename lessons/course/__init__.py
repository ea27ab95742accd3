"""The harness of the course, and what a lesson script imports of it. Three rooms, each of which imports from those before it alone:
`checking` says whether an answer is right, `learner` takes somebody through a lesson, `authoring` helps to write one.
"""

import os
import sys
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy loads: two threads are slower here
    os.environ.setdefault(name, "1")
if (Path(__file__).parents[2] / "tinygrad_rnn").is_dir():  # a fresh clone needs no installation
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def _quietly(kind, error, trace):
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


if sys.excepthook is sys.__excepthook__:  # Ctrl-C while NumPy loads is no mistake
    sys.excepthook = _quietly

from .checking import YourTurn, arrays, tensors
from .learner import Lesson, Question, heatmap

__all__ = ["Lesson", "Question", "YourTurn", "arrays", "heatmap", "tensors"]
