"""The backward pass of a snapshot, one node at a time: who has its turn, what it received and what it sends to whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .kernels import Array
from .records import GraphSnapshot, Record

__all__ = ["Event", "Message", "play"]


@dataclass(frozen=True)
class Message:
    """What a node sends to one of its inputs: the gradient, and what that input has and still waits for afterwards."""

    parent: Record
    slot: int
    gradient: Array
    so_far: Array  # the sum of what the parent has been sent by now
    waits_for: int  # how many uses of the parent have not reported yet


@dataclass(frozen=True)
class Event:
    """One node's turn in a backward pass: it has its whole gradient (`upstream`) and applies its rule."""

    number: int  # from 1
    node: Record
    upstream: Array
    rule: str
    sent: tuple[Message, ...]


def play(graph: GraphSnapshot) -> Iterator[Event]:
    """The events of a backward pass, in the true order: from the loss to the oldest weight.

    A snapshot without gradients has no events.

    >>> from tinygrad_rnn.stepper import play
    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor(2.0, requires_grad=True, name="w")
    >>> [(event.node.symbol, event.upstream.item()) for event in play(tg.snapshot(w * 3.0))]
    [('×', 1.0), ('w', 3.0)]
    """
    waits_for = [0] * len(graph)
    for child, slot in graph.sent:
        waits_for[graph[child].parents[slot]] += 1
    so_far: dict[int, Array] = {}
    turns = (record for record in reversed(graph.records) if record.grad is not None)
    for number, record in enumerate(turns, start=1):
        messages = []
        for slot, parent in enumerate(record.parents):
            sent = graph.sent.get((record.id, slot))
            if sent is not None:
                so_far[parent] = so_far[parent] + sent if parent in so_far else sent
                waits_for[parent] -= 1
                messages.append(Message(graph[parent], slot, sent, so_far[parent], waits_for[parent]))
        assert record.grad is not None
        yield Event(number, record, record.grad, record.words, tuple(messages))
