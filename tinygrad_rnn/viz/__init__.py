"""Pictures of recorded graphs, unrolled in time.

Here: what is shown (`view`), where (`layout`), and how it is painted (`svg`, `formats`, `page`), one after the other. Not here:
anything that computes gradients; pictures take a snapshot as plain data.
"""

from .draw_api import draw, to_graphviz
from .drawing import Drawing

__all__ = ["Drawing", "draw", "to_graphviz"]


def __dir__() -> list[str]:
    return __all__
