"""A model writes on: `generate`, one symbol after the other, or `beam_search`, several beginnings side by side.

Here: what draws or searches symbols with the state carried. Not here: the models themselves (`models`).
"""

from .beams import beam_search
from .generation import generate
from .step_model import StepModel

__all__ = ["StepModel", "beam_search", "generate"]


def __dir__() -> list[str]:
    return __all__
