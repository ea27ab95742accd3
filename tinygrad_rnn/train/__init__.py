"""One training loop: batches, clipping, a schedule, evaluation, early stop, checkpoints that resume to the bit."""

from .fitting import DivergenceError, History, fit, weights_in

__all__ = ["DivergenceError", "History", "fit", "weights_in"]
