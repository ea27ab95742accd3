"""Pictures of recorded graphs, unrolled in time.

Here: what is shown (`view`), where (`layout`), and how it is painted (`svg`, `formats`, `page`), one after the other. Not here:
anything that computes gradients; pictures take a snapshot as plain data.
"""

from .drawing import Drawing
from .from_loss import draw, to_graphviz

__all__ = ["Drawing", "draw", "to_graphviz"]


def __dir__() -> list[str]:
    return __all__
