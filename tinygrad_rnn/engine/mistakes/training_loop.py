"""Mistakes of a training loop that `detect_anomaly()` names: they give wrong numbers, or none, without a word.

A state that is carried on with its graph, a forgotten `zero_grad()`, a loss that has nothing to do with the optimizer, or with
some of its parameters: that last one is a warning, since a part may have its turn later. What must
be remembered from step to step lies in the trace of the nodes, so one context for the whole training does, and one for each step.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable

from ...errors import GraphError
from ...shared.call_site import call_site
from ..graph import Node, Trace, latest_change
from .anomaly import where_recorded

__all__ = ["before_backward", "before_gradients", "before_step", "warn_untouched"]

MOST_NAMED = 3


class _Last(threading.local):
    def __init__(self) -> None:
        self.reached: dict[int, str] = {}  # the leaves of the last backward pass: creation index and name


last = _Last()


def before_backward(root: Node) -> None:
    """Raise if the graph holds what earlier training steps swept; else remember that this one sweeps it.

    Parts that two losses share are swept twice in good programs. What no good program has: a part that cannot be swept again,
    because it was freed or its weights have changed since; and parts that date from several earlier steps (from in between changes
    of values), a chain that gets longer. The same loss once more is left to `reachable`, which knows what to say.
    """
    nodes = _ops(root)
    if not _swept(root):
        old = [n for n in nodes if _swept(n)]
        dates = {n.trace.swept for n in old if n.trace is not None} - {latest_change.order}
        if len(dates) > 1 or any(_unusable(n) for n in old):
            raise _carried(nodes, old)
    for n in nodes:
        n.trace = n.trace or Trace()
        if n.trace.swept is None:
            n.trace.swept = latest_change.order


def before_gradients(leaves: Iterable[Node]) -> None:
    """Of the leaves that are about to receive a gradient: remember them, and whether an optimizer has used what they hold."""
    given = [leaf for leaf in leaves if leaf.g is not None or leaf.pending]
    last.reached = {leaf.order: _name(leaf) for leaf in given}
    for leaf in given:
        leaf.trace = leaf.trace or Trace()
        if leaf.grad is None or not leaf.grad.any():
            leaf.trace.used = leaf.trace.added = False
        elif leaf.trace.used:
            leaf.trace.added = True


def before_step(parameters: list[Node]) -> None:
    """Raise if an optimizer step would use gradients of the step before once more, or has none at all; warn where some have none."""
    given = [p for p in parameters if p.grad is not None]
    if not given:
        raise _nothing(parameters)
    for p in given:
        p.trace = p.trace or Trace()
        if p.trace.added:
            raise GraphError(
                f"this optimizer step would use old gradients again: backward() added to that of {_name(p)}, "
                "which the step before had used",
                hint="optimizer.zero_grad() before each backward pass; several backward passes for one step are fine",
            )
    for p in given:
        assert p.trace is not None
        p.trace.used = True
    untouched = [p for p in parameters if p.trace is None]
    if untouched:
        warn_untouched([_name(p) for p in untouched], len(parameters), "for this step")
        for p in untouched:
            p.trace = Trace()  # each is named once


def warn_untouched(names: list[str], of: int, when: str) -> None:
    """Name the parameters that no loss has reached, for `before_step` and for `train.fit`."""
    warnings.warn(
        f"{len(names)} of {of} parameters got no gradient {when}: {_listed(names)}. They stay as they are. "
        "Look for detach(), .data, .numpy() or float() between them and the loss; those that are not to be trained: freeze()",
        RuntimeWarning,
        stacklevel=call_site().level,
    )


def _ops(root: Node) -> list[Node]:
    """The op nodes that root was computed from, as far as the graph is there, the youngest first."""
    met, todo = {root}, [root]
    while todo:
        new = {p for p in todo.pop().parents if p is not None and p.op is not None} - met
        met |= new
        todo += new
    return sorted((n for n in met if n.op is not None), key=lambda n: -n.order)


def _swept(n: Node) -> bool:
    return n.trace is not None and n.trace.swept is not None


def _unusable(n: Node) -> bool:
    """Freed, or computed from values that have changed since."""
    used = (n, *n.parents, *(n.consts or ()))
    return not n.parents or any(u is not None and (u.changed or 0) > n.order for u in used)


def _carried(nodes: list[Node], old: list[Node]) -> GraphError:
    known = set(old)
    entered = {p for n in nodes if n not in known for p in n.parents if p in known}
    states = sorted((p for p in entered if p is not None), key=lambda p: -p.order)
    freed = any(not n.parents for n in old)
    what = "freed" if freed else f"now {len(nodes)} nodes, of which {len(old)} went through an earlier backward()"
    return GraphError(
        f"{_listed([_name(p) for p in states])} carried over from an earlier training step with its graph ({what})",
        where=where_recorded(states[0]),
        hint="between the pieces of a sequence, state = tg.nn.detach_state(state); "
        "what is computed once, before the loop, belongs inside it",
    )


def _nothing(parameters: list[Node]) -> GraphError:
    own = {p.order for p in parameters}
    if not last.reached:
        why, hint = "no backward() came before it", "the order is zero_grad(), loss, loss.backward(), step()"
    elif own & last.reached.keys():
        why, hint = "what backward() brought was wiped", "the order is zero_grad(), loss, loss.backward(), step()"
    else:
        why = f"the last loss depends on {_listed([*last.reached.values()])} instead"
        hint = (
            "give the optimizer the parameters of the model that computes the loss (was that made anew?); "
            "look for detach(), .data and .numpy() between them and the loss"
        )
    return GraphError(
        f"this optimizer step has no gradient for any of its parameters, {_listed([_name(p) for p in parameters])}: {why}",
        hint=hint,
    )


def _name(n: Node) -> str:
    return f"{n.name or (n.op.name if n.op else 'a leaf')} {n.shape}"


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
