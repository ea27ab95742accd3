"""A layout as SVG text, still or moving, in colour or to be coloured.

Here: shapes, their colours and style sheets. Not here: coordinates of boxes and edges (`layout`).
"""

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__
