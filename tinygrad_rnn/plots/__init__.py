"""Plots of what the probes measure, with matplotlib: arrays in, a `Figure` out.

Here: all that needs matplotlib (`pip install "tinygrad_rnn[plots]"`). Not here: what is measured (`probe`), and pictures of graphs (`viz`).

Each takes what a probe returns and a theme, "light" or "dark", and leaves matplotlib's own settings alone. Colours and scales are
those of the graphs. `save` writes a figure as SVG, PNG or PDF, `describe` says it in words. In a notebook, run `%matplotlib
inline` once.
"""

from .canvas import describe, save
from .gradients import gradient_norms, singular_values, truncation
from .maps import gates, jacobian_map
from .planes import landscape, trajectory
from .runs import activation_memory, training

__all__ = [
    "activation_memory", "describe", "gates", "gradient_norms", "jacobian_map", "landscape", "save", "singular_values",
    "training", "trajectory", "truncation",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
