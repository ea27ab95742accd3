"""Pictures of recorded graphs, unrolled in time."""

from .draw_api import draw, to_graphviz
from .drawing import Drawing

__all__ = ["Drawing", "draw", "to_graphviz"]
