"""One training loop: batches, clipping, a schedule, evaluation, early stop, checkpoints that resume to the bit.

Here: the loop and what it saves. Not here: what one update does (`optim`), and weights for other systems (`io`).
"""

from .fitting import fit, weights_in
from .history import History, Update
from .loop import DivergenceError

__all__ = ["DivergenceError", "History", "Update", "fit", "weights_in"]


def __dir__() -> list[str]:
    return __all__
