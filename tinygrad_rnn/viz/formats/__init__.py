"""The other formats: Graphviz and GIF.

Here: what turns a sheet or its shapes into other bytes. Not here: what is painted and how it looks (`svg`).
"""

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__
