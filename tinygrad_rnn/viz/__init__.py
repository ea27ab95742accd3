"""Pictures of recorded graphs, unrolled in time."""

from .draw import Drawing, draw, to_graphviz

__all__ = ["Drawing", "draw", "to_graphviz"]
