"""The backward pass of a snapshot, one node at a time: who has its turn, what it received and what it sends to whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..engine.arrays import norm
from ..shared.array_type import Array
from .records import GraphSnapshot, Record

__all__ = ["Event", "Message", "called", "play"]

MOST_TOLD = 3  # messages that are told one by one


@dataclass(frozen=True, eq=False)
class Message:
    """What a node sends to one of its inputs: the gradient, and what that input has and still waits for afterwards."""

    parent: Record
    slot: int
    gradient: Array
    so_far: Array  # the sum of what the parent has been sent by now
    waits_for: int  # how many uses of the parent have not reported yet

    def __repr__(self) -> str:
        return f"<Message to {called(self.parent)}: norm {norm(self.gradient):.3g}, {self.waits_for} more to come>"

    def told(self, node: Record, name: str = "") -> str:
        """What is sent, by that node, in a line; `name` is what the receiver is called, if not as usual."""
        at = f" at {self.parent.place}" if self.parent.place and self.parent.frames != node.frames else ""
        return f"sends to {name or called(self.parent)}{at}: norm {norm(self.gradient):.3g}"


@dataclass(frozen=True, eq=False)
class Event:
    """One node's turn in a backward pass: it has its whole gradient (`upstream`) and applies its rule. `print` tells it in words.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor([3.0, 4.0], requires_grad=True, name="w")
    >>> print(next(tg.backward_steps((w * w).sum())))
    1  sum
      gradient: norm 1, shape ()
      rule: every term gets the gradient of the sum
      sends to mul: norm 1.41
    """

    number: int  # from 1
    node: Record
    upstream: Array
    rule: str
    sent: tuple[Message, ...]

    def __repr__(self) -> str:
        return f"<Event {self.number}: {called(self.node)}, norm {norm(self.upstream):.3g}, sends {len(self.sent)}>"

    def told(self) -> list[str]:
        """Where the node is, what reached it and its rule, in a line each."""
        place = [f"at {self.node.place}"] if self.node.place else []
        return [*place, f"gradient: norm {norm(self.upstream):.3g}, shape {self.node.shape}", f"rule: {self.rule}"]

    def __str__(self) -> str:
        sent = [message.told(self.node) for message in self.sent[:MOST_TOLD]]
        more = [f"and to {len(self.sent) - MOST_TOLD} more"] if len(self.sent) > MOST_TOLD else []
        return "\n  ".join([f"{self.number}  {called(self.node)}", *self.told(), *sent, *more])


def called(record: Record) -> str:
    """A record in a line of text: a weight by name, an op by both, `h (tanh)`.

    >>> import tinygrad_rnn as tg
    >>> w = tg.Tensor(0.5, requires_grad=True, name="w")
    >>> [tg.replay.called(record) for record in tg.snapshot(tg.named(tg.tanh(w), "h"))]
    ['w', 'h (tanh)']
    """
    if record.kind != "op":
        return record.symbol
    return f"{record.name} ({record.op})" if record.name else record.op


def play(graph: GraphSnapshot) -> Iterator[Event]:
    """The events of a backward pass, in the true order: from the loss to the oldest weight.

    A snapshot without gradients has no events.

    >>> from tinygrad_rnn.replay.stepper import play
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
