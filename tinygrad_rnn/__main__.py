"""`tinygrad-rnn`, or `python -m tinygrad_rnn`: the commands of this package."""

import sys

from .commands import main
from .shared.early_interrupt import started

__all__ = ["program"]


def program() -> int:
    """What `tinygrad-rnn` starts; returns the exit code."""
    started()
    return main()


if __name__ == "__main__":
    sys.exit(program())
