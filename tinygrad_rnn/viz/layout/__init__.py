"""Where everything stands: from a view to coordinates, y downwards.

Here: tiles, ways, sizes, places. Not here: what is shown (`view`), and how it is painted (`svg`).
In order: tiles and recipes place boxes, routing and lattice find a way for every edge, coordinates makes pixels of it: placed_parts.
"""

from .size import text_width

__all__ = ["text_width"]


def __dir__() -> list[str]:
    return __all__
