"""Mistakes that the engine names: shapes that do not fit, NaN and overwritten values, steps of a training loop that were forgotten.

Here: how a mistake is found and told. Not here: the errors themselves (`errors`), and what a healthy run needs.
"""

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__
