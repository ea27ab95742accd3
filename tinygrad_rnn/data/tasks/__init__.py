"""Generated tasks with known answers, and what they share.

Here: one function a task, and what guessing and perfect play reach. Users reach them through `data.grammars`.
"""

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__
