"""Play the backward pass of a random recurrent network: one node at every Enter, with the numbers of its rule.

Where standard input or output is not a terminal, the whole pass is printed at once.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable

import numpy as np

from ..engine.arrays import norm
from ..engine.scopes import Frame
from ..replay.from_loss import snapshot
from ..replay.records import GraphSnapshot, Record
from ..replay.stepper import Event, Message, called, play
from ..replay.worked_rule import worked
from ..shared.operating_system import at_a_terminal
from ..shared.terminal import Terminal
from .network import add_network, check_network, loss_of
from .output import need_output

__all__ = ["HELP", "add_arguments", "run"]

HELP = "the backward pass, one node at a time"
KEYS = "Enter: the next node. A number such as 12, or t=1: on to that node, or to that step. c: on to the end. q: leave."
SIDES = ("encoder", "decoder")
MOST_NAMED = 3  # uses that are named one by one

Stop = Callable[[Event], bool]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `step` understands."""
    add_network(parser, cell="rnn", steps=3)


def run(args: argparse.Namespace) -> int:
    """Play, and sum up at the end. Returns 0; raises `DataError` for what does not go together."""
    check_network(args)
    need_output("send the words to a file: > FILE")
    out = Terminal()
    with np.errstate(all="ignore"):  # a radius of 1e30 overflows: the numbers say so
        graph = snapshot(loss_of(args))
        player = _Player(out, graph)
        if player.plays(live=at_a_terminal(sys.stdin, out.out)):
            _sum_up(out, graph)
    return 0


def _always(event: Event) -> bool:
    return True


def _never(event: Event) -> bool:
    return False


class _Player:
    """Tells the events of a backward pass, and asks between them how far to go."""

    def __init__(self, out: Terminal, graph: GraphSnapshot) -> None:
        self.out, self.graph = out, graph
        self.turns = sum(record.grad is not None for record in graph)
        self.weights = Counter(w.symbol for w in graph.parameters)
        self.users: dict[int, list[Record]] = {}  # of each record: who sends it a gradient, the last to report first
        for child, slot in sorted(graph.sent):
            self.users.setdefault(graph[child].parents[slot], []).append(graph[child])

    def plays(self, live: bool) -> bool:
        """Tell node after node; False if the person at the keyboard left."""
        if live:
            self.out.say(KEYS)
        stop: Stop = _always if live else _never
        for event in play(self.graph):
            self.tell(event)
            if stop(event):
                chosen = self.chosen(event)
                if chosen is None:
                    return False
                stop = chosen
        return True

    def chosen(self, event: Event) -> Stop | None:
        """Where to stop next, as the person at the keyboard says; None to leave."""
        while True:
            key = self.typed(f"{event.number}/{self.turns}  Enter, c, q, ? > ")
            if key in ("", "c"):
                return _never if key else _always
            if key == "q":
                return None
            jump = re.fullmatch(r"(t=)?([0-9]{1,9})", key)
            if jump is None:
                self.out.say(KEYS)
            elif jump[1] is None:
                return lambda later: later.number >= int(jump[2])
            elif any(r.t == int(jump[2]) and r.grad is not None for r in self.graph.records[: event.node.id]):
                return lambda later: later.node.t == int(jump[2])
            else:
                self.out.say(f"No node of {key} is left.")

    def typed(self, question: str) -> str:
        """A line from the keyboard; at its end (Ctrl-D), q."""
        try:
            self.out.out.write(question)
            self.out.out.flush()
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            return "?"
        except KeyboardInterrupt:
            self.out.write()
            raise
        if not line:
            self.out.write()
        return line.strip().lower() if line else "q"

    def tell(self, event: Event) -> None:
        """One node: what reached it, its rule, and what it sends to whom."""
        node, out = event.node, self.out
        out.write()
        symbol = f"{node.symbol}  " if out.unicode and node.symbol not in (node.op, node.name) else ""
        out.write(out.paint(f"{event.number}/{self.turns}  {symbol}{self.called(node)}", "bold"))
        for line in event.told():
            out.say(line if out.unicode else line.replace("²", "**2"), "  ")
        for message in event.sent:
            self.tell_sent(node, message)

    def called(self, record: Record) -> str:
        """A record by name; of weights that share one, with what tells them apart."""
        return _label(self.graph, record) if self.weights[record.symbol] > 1 and record.kind != "op" else called(record)

    def tell_sent(self, node: Record, message: Message) -> None:
        """One gradient on its way: its size, one entry of it worked out, and what the receiver has by now."""
        self.out.say(message.told(node, self.called(message.parent)), "  ")
        entry = worked(self.graph, node, message.slot)
        if entry is not None:
            name, result = f"{list(entry.entry)}: " if entry.entry else "", f"{entry.result + 0.0:.3g}"  # -0.0 is 0
            self.out.say(name + (result if entry.text == result else f"{entry.text} = {result}"), "    ")
        self.out.say(f"{called(message.parent)}: {self.state_of(message)}", "    ")

    def state_of(self, message: Message) -> str:
        """What the receiver has, and for whom it waits: it has its turn when all its uses have reported."""
        users, total = self.users[message.parent.id], f"norm {norm(message.so_far):.3g}"
        if len(users) == 1:
            return "1 use, complete"
        if not message.waits_for:
            return f"{len(users)} uses, all have reported: {total} in all"
        reported = len(users) - message.waits_for
        next_ones = users[max(0, message.waits_for - MOST_NAMED) : message.waits_for][::-1]
        names = ", ".join(f"{r.op} at t={r.t}" if r.t is not None else r.op for r in next_ones)
        more = f" and {message.waits_for - MOST_NAMED} more" if message.waits_for > MOST_NAMED else ""
        have = "has" if reported == 1 else "have"
        return f"{len(users)} uses, {reported} {have} reported: {total} so far; it waits for {names}{more}"


# ---- the end


def _sum_up(out: Terminal, graph: GraphSnapshot) -> None:
    """The gradient of each weight, what every step adds to it, and what became of the gradient on its way back in time."""
    weights = [(_label(graph, w), w) for w in graph.parameters if w.grad is not None]
    norms = [w.grad_norm or 0.0 for _, w in weights]
    largest = max(norms, default=0.0) or 1.0
    out.heading("The gradient of each weight (norm)")
    out.bars([(name, size / largest, f"{size:.3g}") for (name, _), size in zip(weights, norms, strict=True)])
    parts = [(name, graph.contributions(w)) for name, w in weights]
    if len(graph.steps) > 1:
        out.heading(f"What each step adds, from t={graph.steps[0]} to t={graph.steps[-1]} (norm)")
        out.sparks([(name, [norm(part[t]) if t in part else 0.0 for t in graph.steps]) for name, part in parts], log=True)
    out.write()
    for lane, states in _lanes(graph).items():
        out.say(_fall(lane, states))


def _lanes(graph: GraphSnapshot) -> dict[str, list[Record]]:
    """The states h that got a gradient, in the order in which they were computed, of each layer and direction."""
    lanes: dict[str, list[Record]] = {}
    for r in graph:
        if r.name == "h" and r.kind == "op" and r.t is not None and r.grad is not None:
            lanes.setdefault(_lane(r.frames), []).append(r)
    return lanes


def _fall(lane: str, states: list[Record]) -> str:
    first, last = states[0], states[-1]
    early, late = first.grad_norm or 0.0, last.grad_norm or 0.0
    text = f"The gradient at h{f' ({lane})' if lane else ''}: norm {late:.3g} at t={last.t}"
    if first is last:
        return f"{text}, the only step."
    text += f", {early:.3g} at t={first.t}"
    if not early or not late or not np.isfinite(late / early):
        return f"{text}."
    factor = late / early
    return f"{text}: {factor:.3g} times smaller." if factor >= 1 else f"{text}: {1 / factor:.3g} times larger."


def _label(graph: GraphSnapshot, weight: Record) -> str:
    return f"{weight.symbol} {_lane(graph[graph.reads(weight)[0][0]].frames)}".rstrip()


def _lane(frames: tuple[Frame, ...]) -> str:
    """Of a place what tells sides, layers and directions apart: `encoder layer=1`, `layer=1 direction=-1`."""
    return " ".join(str(frame) for frame in frames if frame.name in SIDES or (frame.numbers and frame.name != "t"))
