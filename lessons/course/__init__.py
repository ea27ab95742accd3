"""The harness of the course, and what a lesson script imports of it. Three rooms, each of which imports from those before it alone:
`checking` says whether an answer is right, `learner` takes somebody through a lesson, `authoring` helps to write one.

A Python that is too old, or that has no package, is told so here, in a sentence: this file is plain enough for it to read.
"""

import os
import sys
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy loads: two threads are slower here
    os.environ.setdefault(name, "1")
above, package = Path(__file__).resolve().parents[2], "tinygrad_rnn"
if (above / "tinygrad_rnn" / "__init__.py").is_file():  # a clone: there the package is beside the lessons
    sys.path.insert(0, str(above))
    package = "-e ."


def _quietly(kind, error, trace):
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


if sys.excepthook is sys.__excepthook__:  # Ctrl-C while NumPy loads is no mistake
    sys.excepthook = _quietly

try:
    import tinygrad_rnn as tinygrad_rnn
except ModuleNotFoundError as error:
    hint = "activate the environment that you made for the course, or install it: python -m pip install " + package
    sys.exit(f"error: this Python, {sys.executable}, has no {error.name}\n\nhint: {hint}")
except ImportError as error:  # an older Python
    sys.exit(f"error: {error}")

from .checking import YourTurn, arrays, tensors
from .learner import Lesson, Question, heatmap

__all__ = ["Lesson", "Question", "YourTurn", "arrays", "heatmap", "tensors"]
