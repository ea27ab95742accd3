"""Colour arrives where the gradient arrives: how an SVG moves, in style sheets alone.

Every part that gets a gradient is marked with a kind and with the number of the event in which its gradient comes. It starts out
plain, takes its colours in the turn of that event, keeps them for a while and loses them in the same order: a wave from the loss
backwards, again and again. The colours themselves are the attributes of the elements, so that a reader without style sheets sees
the finished picture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..style import Brush, Scale, Theme
from .shapes import f

__all__ = ["PAUSE", "REST", "pace", "plain_looks", "style_sheet"]

EACH = 0.12  # seconds for one event, as long as the whole sweep stays between these:
SHORTEST, LONGEST = 3.0, 12.0
PAUSE, REST, ARRIVAL = 1.2, 4.0, 0.7  # seconds without any colour, with all of them, and between the two for one part


@dataclass(frozen=True)
class PlainLook:
    """How an element looks before its gradient has come: a child of what is marked with `kind` (a tag, or what has `[attribute]`),
    or (`part` is empty) what is marked itself.
    """

    kind: str
    part: str
    before: dict[str, str] = field(hash=False)


def plain_looks(theme: Theme) -> tuple[PlainLook, ...]:
    """The plain look of everything that moves."""
    look = Brush(Scale(-1, 0), theme).look(None)
    box, ink = {"fill": look.fill, "stroke-dasharray": "none"}, {"fill": look.ink}
    line, head = {"stroke": look.stroke, "stroke-width": f(look.width)}, {"fill": look.stroke}
    return (
        PlainLook("box", "rect", box),
        PlainLook("box", "text", ink),
        PlainLook("chip", "rect", box | {"stroke": theme.zero_line}),
        PlainLook("chip", "text", ink),
        PlainLook("edge", "[stroke]", line | {"stroke-dasharray": "none"}),
        PlainLook("edge", "[fill]", head),
        PlainLook("dashed", "[stroke]", line),  # out of hidden steps, or into them, it is dashed all the time
        PlainLook("dashed", "[fill]", head),
        PlainLook("thread", "", line | {"stroke-width": f(look.thread), "stroke-dasharray": "none"}),
        PlainLook("bar", "", {"fill": theme.line}),
    )


def pace(events: int) -> float:
    """The seconds for one event of a sweep of so many.

    >>> from tinygrad_rnn.viz.svg.animation import pace
    >>> pace(10), pace(50), pace(1200)
    (0.3, 0.12, 0.01)
    """
    return min(max(EACH * events, SHORTEST), LONGEST) / max(1, events)


def style_sheet(prefix: str, theme: Theme, events: int) -> str:
    """What the marks of the parts mean, in a sweep of so many events.

    Colouring is one pass through the keyframes, fading the same pass backwards (`alternate`); they name the plain look only
    and so lead to the element's own. Of a pass, the first `plain` seconds stay plain.
    """
    each = pace(events)
    sweep = each * events
    plain, coloured = (sweep + PAUSE) / 2, (sweep + REST) / 2
    share, arrival = 100 * plain / (plain + coloured), 100 * ARRIVAL / coloured
    rules, frames, selectors = [], [], []
    for look in plain_looks(theme):
        name = f"{prefix}-{look.kind}" + re.sub(r"\W*(\w+)\W*", r"-\1", look.part)
        selector = f".{prefix}-{look.kind}" + (f">{look.part}" if look.part else "")
        before = ";".join(f"{attribute}:{value}" for attribute, value in look.before.items())
        selectors.append(selector)
        rules.append(f"{selector}{{animation-name:{name}}}")
        frames.append(f"@keyframes {name}{{from,{f(share)}%{{{before}}}}}")
    everything = ",".join(selectors)
    shared = (
        f"{everything}{{animation:{f(plain + coloured)}s cubic-bezier(0,1,0,1) infinite alternate backwards;"
        f"animation-delay:calc(var(--event)*{each:.4f}s - {f(sweep / 2)}s);animation-timing-function:linear(0,1 {f(arrival)}%,1)}}"
    )
    still = f"@media (prefers-reduced-motion:reduce),print{{{everything}{{animation:none}}}}"
    return "\n".join(["<style>", shared, *rules, *frames, still, "</style>"])
