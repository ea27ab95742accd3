"""The version of this package, and the oldest Python that it runs on: an older one, which can still read this file, is told so."""

import sys

__all__ = ["__version__"]

__version__ = "0.1.0"
OLDEST = (3, 10)

if sys.version_info < OLDEST:
    _told = "tinygrad_rnn needs Python 3.10 or newer, and this is " + sys.version.split()[0]
    _told += "\n\nhint: make the environment with a newer one: python3.12 -m venv .venv (Windows: py -3.12 -m venv .venv)"
    if sys.argv[:1] == ["-m"]:  # a program, which needs no traceback
        sys.exit("error: " + _told)
    raise ImportError(_told)
