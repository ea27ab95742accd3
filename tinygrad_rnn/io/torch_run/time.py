"""Which loops and repeated calls of a run are time, and the scopes of every node.

A loop is time if a weight is used in one of its rounds on what came of its use one round before. A loop over layers is none: each
layer has weights of its own. What a module does when it is called again and again is time by the same rule, where no loop is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ...engine.graph import Node, reachable
from ...engine.ops import GETITEM, RESHAPE, TRANSPOSE
from ...engine.scopes import Frame
from ...engine.tensor import Tensor
from .places import Call, Place, Places

__all__ = ["put_into_time"]

Repeated = tuple[str, int]  # a loop or a module
VIEWS = (TRANSPOSE, RESHAPE, GETITEM)


def put_into_time(loss: Tensor, places: Places, names: dict[int, str], own: dict[Node, tuple[Frame, ...]]) -> None:
    """Give every node that the loss was computed from its scopes: modules by the names that the model has for them, and steps.

    `own` keeps the frames with which a node was recorded: those of `tg.time_step`, and of layers that were one call.
    """
    assert loss.node is not None
    nodes, _ = reachable(loss.node)
    place = {n: places.of(n.order) for n in nodes}
    for n in nodes:
        own.setdefault(n, n.frames)
    time = _times(nodes, place, own)
    at = {n: _round(place[n], time) for n in nodes}
    offsets = _offsets(nodes, place, at, own)
    root = next(iter(places.modules))
    holding = {_key(place[n][k]) for n, k in at.items() if k is not None and any(type(one) is Call for one in place[n][k + 1 :])}
    for n in nodes:
        k = at[n]
        t = None
        if k is not None and not _step(own[n]):
            one = place[n][k]
            t = Frame("t", (("t", offsets[_key(one)] + one.n),))
        bare = k is not None and _key(place[n][k]) in holding
        n.frames = _frames(place[n], k, t, own[n], bare, root, places, names)


def _key(one: object) -> Repeated:
    return ("call", one.module) if isinstance(one, Call) else ("loop", one.loop)  # type: ignore[attr-defined]


def _step(frames: tuple[Frame, ...]) -> int | None:
    return next((frame.get("t") for frame in frames if frame.name == "t"), None)


def _times(nodes: list[Node], place: dict[Node, Place], own: dict[Node, tuple[Frame, ...]]) -> set[Repeated]:
    """The loops that are time; if there are none, the modules."""
    rounds: dict[Repeated, dict[Node, int]] = defaultdict(dict)
    for n in nodes:
        for one in place[n]:
            rounds[_key(one)][n] = one.n
    weight = _weights(nodes)
    chained = {key for key, found in rounds.items() if len({*found.values()}) > 1 and _chained(nodes, found, weight)}
    handed = {key for key, found in rounds.items() if key[0] == "loop" and _handed(found)}
    explicit = any(_step(frames) for frames in own.values())
    return chained or (set() if explicit else handed)


def _weights(nodes: list[Node]) -> dict[Node, Node]:
    """{a weight, or a view of one: the weight}"""
    found: dict[Node, Node] = {}
    for n in nodes:
        for p in n.parents:
            if p is not None and p.op is None:
                found[p] = p
        if n.op in VIEWS and n.parents[0] in found:
            found[n] = found[n.parents[0]]
    return found


def _chained(nodes: list[Node], rounds: dict[Node, int], weight: dict[Node, Node]) -> bool:
    """Whether some weight is used in a round on what came of its use in the round before."""
    used = {weight[p] for n in rounds for p in n.parents if p in weight}
    for w in used:
        latest: dict[Node, int] = {}
        for n in nodes:
            before = max((latest.get(p, 0) for p in n.parents if p is not None), default=0)
            if n in rounds and n not in weight and any(p is not None and weight.get(p) is w for p in n.parents):
                if before and before == rounds[n] - 1:
                    return True
                before = max(before, rounds[n])
            latest[n] = before
    return False


def _handed(rounds: dict[Node, int]) -> bool:
    """Whether every round reads what the round before it made."""
    read = {rounds[n] for n in rounds for p in n.parents if p in rounds and rounds[p] == rounds[n] - 1}
    last = max(rounds.values())
    return last > 1 and read == {*range(2, last + 1)}


def _round(place: Place, time: set[Repeated]) -> int | None:
    """Which part of a place says the step: the innermost loop that is time, or else the outermost module."""
    loops = [k for k, one in enumerate(place) if _key(one) in time and not isinstance(one, Call)]
    calls = [k for k, one in enumerate(place) if _key(one) in time and isinstance(one, Call)]
    return loops[-1] if loops else calls[0] if calls else None


def _offsets(
    nodes: Iterable[Node], place: dict[Node, Place], at: dict[Node, int | None], own: dict[Node, tuple[Frame, ...]]
) -> dict[Repeated, int]:
    """After how many steps each loop begins: one that starts from what another one ended with goes on in time."""
    offsets: dict[Repeated, int] = {}
    last: dict[Repeated, int] = {}
    for n in nodes:
        if at[n] is not None:
            one = place[n][at[n]]  # type: ignore[index]
            last[_key(one)] = max(last.get(_key(one), 0), one.n)
    first: dict[Repeated, list[Node]] = defaultdict(list)  # the nodes of its first round
    for n in nodes:
        if at[n] is not None and place[n][at[n]].n == 1:  # type: ignore[index]
            first[_key(place[n][at[n]])].append(n)  # type: ignore[index]
    reached: dict[Node, tuple[int, Repeated | None]] = {}  # the latest step that a node depends on, and of which loop

    def read(found: Iterable[Node]) -> tuple[int, Repeated | None]:
        return max((reached[p] for n in found for p in n.parents if p in reached), key=lambda pair: pair[0], default=(0, None))

    for n in nodes:
        if (t := _step(own[n])) is not None:
            reached[n] = t, None
        elif at[n] is None:
            reached[n] = read([n])
        else:
            one = place[n][at[n]]  # type: ignore[index]
            key = _key(one)
            if key not in offsets:
                step, whose = read(first[key])
                ended = whose is not None and 1 < last[whose] == step - offsets[whose]
                offsets[key] = step if ended else 0
            reached[n] = offsets[key] + one.n, key
    return offsets


def _frames(
    place: Place,
    k: int | None,
    t: Frame | None,
    own: tuple[Frame, ...],
    bare: bool,
    root: int,
    places: Places,
    names: dict[int, str],
) -> tuple[Frame, ...]:
    """Modules around the step, the step, modules inside it. Of a loop that calls none (not `bare`) the module around it is the cell."""
    scopes = [
        (j, one.module, Frame(type(places.modules[one.module]).__name__, (), names.get(one.module, "")))
        for j, one in enumerate(place)
        if isinstance(one, Call)
    ]
    if t is None or k is None:
        around = tuple(frame for _, module, frame in scopes if module != root)
        # `tg.time_step` stands around calls; the steps of a layer that was one call stand inside
        return (*own, *around) if own and own[-1].name == "t" else (*around, *own)
    outer = [(module, frame) for j, module, frame in scopes if j < k]
    inner = [frame for j, _, frame in scopes if j >= k]
    if not inner and not bare and outer:
        inner = [outer.pop()[1]]
    return (*(frame for module, frame in outer if module != root), *own, t, *inner)
