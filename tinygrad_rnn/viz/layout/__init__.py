"""Where everything stands: from a view to coordinates, y downwards.

Here: tiles, ways, sizes, places. Not here: what is shown (`view`), and how it is painted (`svg`).
"""

from .size import text_width

__all__ = ["text_width"]


def __dir__() -> list[str]:
    return __all__
