"""One HTML file that plays a backward pass.

Here: the events as data, the page around them, and in `web/` its script and style, which compute nothing. Not here: the pictures
(`svg`).
"""

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__
