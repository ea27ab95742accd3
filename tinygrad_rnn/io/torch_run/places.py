"""Where in somebody's program a call stands: in which modules, and in which round of which loop."""

from __future__ import annotations

import dis
import os
from bisect import bisect_right
from collections import Counter
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ...engine.scopes import tick

__all__ = ["Call", "Place", "Places", "Round"]


class Call(NamedTuple):
    """A module that runs, for the n-th time."""

    module: int
    n: int


class Round(NamedTuple):
    """A loop that runs, in its n-th round; a loop that is entered again is another one."""

    loop: int
    n: int


Place = tuple["Call | Round", ...]  # outermost first


class Places:
    """The places of all calls, in the order in which they were made."""

    def __init__(self, torch: Any, model: Any) -> None:
        self.inside = os.path.dirname(torch.__file__)
        self.here = os.path.dirname(__file__)
        self.Module = torch.nn.Module
        self.modules: dict[int, Any] = {id(model): model}
        self.calls: Counter[int] = Counter()
        self.loops = 0
        self.seen: dict[FrameType, _Running] = {}
        self.order: list[int] = []
        self.found: list[Place] = []

    def note(self, frame: FrameType | None) -> FrameType | None:
        """Take down where the call is that happens now; the innermost frame of the user's own."""
        stack = []
        while frame is not None:
            stack.append(frame)
            frame = frame.f_back
        place: list[Call | Round] = []
        own = None
        for k in range(len(stack) - 1, -1, -1):
            f = stack[k]
            path = f.f_code.co_filename
            if path.startswith(self.here):
                continue
            module = f.f_locals.get(f.f_code.co_varnames[0]) if f.f_code.co_name == "forward" and f.f_code.co_argcount else None
            is_module = isinstance(module, self.Module)
            is_own = not path.startswith(self.inside)
            if not (is_own or is_module):
                continue
            running = self.seen.get(f)
            if running is None:
                running = self.seen[f] = _Running()
                if is_module:
                    self.modules[id(module)] = module
                    self.calls[id(module)] += 1
                    running.call = Call(id(module), self.calls[id(module)])
            if running.call is not None:
                place.append(running.call)
            if is_own:
                own = f
                place += running.rounds(f, stack[k - 1] if k else None, self)
        self.order.append(tick())
        self.found.append(tuple(place))
        return own

    def of(self, order: int) -> Place:
        """The place of a node, by its creation index."""
        k = bisect_right(self.order, order) - 1
        return self.found[k] if k >= 0 else ()

    def close(self) -> None:
        """Let go of the frames."""
        self.seen.clear()


class _Running:
    """A function of the user's that runs: at which instruction it was last, and in which rounds of its loops."""

    def __init__(self) -> None:
        self.call: Call | None = None
        self.at = -1
        self.child: FrameType | None = None
        self.now: dict[tuple[int, int], Round] = {}

    def rounds(self, f: FrameType, child: FrameType | None, places: Places) -> list[Round]:
        """The loops around the current instruction. To be at or before the last one means a new round of the loop around both."""
        at, inside = f.f_lasti, [loop for loop in loops_in(f.f_code) if loop[0] <= f.f_lasti <= loop[1]]
        moved = at != self.at or child is None or child is not self.child
        if moved:
            both = [loop for loop in inside if loop in self.now]
            self.now = {loop: self.now[loop] for loop in both}
            if at <= self.at and both:
                again = both[-1]
                for loop in inside[inside.index(again) + 1 :]:
                    self.now.pop(loop, None)
                self.now[again] = self.now[again]._replace(n=self.now[again].n + 1)
            for loop in inside:
                if loop not in self.now:
                    places.loops += 1
                    self.now[loop] = Round(places.loops, 1)
        self.at, self.child = at, child
        return [self.now[loop] for loop in inside]


@lru_cache(maxsize=4096)
def loops_in(code: CodeType) -> list[tuple[int, int]]:
    """The loops of a function as (first, last) instruction, outer ones first: what a jump back leads over."""
    ends: dict[int, int] = {}
    for step in dis.get_instructions(code):
        if "JUMP" in step.opname and isinstance(step.argval, int) and step.argval <= step.offset:
            ends[step.argval] = max(ends.get(step.argval, 0), step.offset)
    return sorted(ends.items(), key=lambda loop: loop[0] - loop[1])
