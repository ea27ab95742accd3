"""A recorded graph as plain data: its values replayed, its gradients edge by edge, one node at a time.

Here: all that pictures, probes and exporters see of a run. Not here: anything that draws or measures. Only `from_loss` knows live
tensors.
"""

from .from_loss import backward_steps, replay, snapshot
from .records import GraphSnapshot, Record, Use
from .stepper import Event, Message, called, play
from .worked_rule import Worked, worked

__all__ = [
    "Event", "GraphSnapshot", "Message", "Record", "Use", "Worked", "backward_steps", "called", "play", "replay", "snapshot",
    "worked",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
