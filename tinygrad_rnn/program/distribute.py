"""What must run step by step, and what can run for all steps at once.

A value that is on a cycle of the program (a state, made of itself one step before) has to wait for its own past or future: each such
group is one loop, in the direction of its `before` or `after`. Whatever is on no cycle is computed for the whole run with one
operation on a slab: the products with the inputs before a loop, the slopes of the gates between the loops, the gradients of the
weights behind them. That is loop distribution (Kennedy and McKinley 1990), by the strongly connected components of the dependences
(Tarjan 1972).
"""

from __future__ import annotations

from dataclasses import dataclass

from .values import Lane, Program, Value

__all__ = ["Block", "distributed"]


@dataclass
class Block:
    """Values that are computed together: at once, or in a loop over the steps of a lane, forwards (1) or backwards (-1)."""

    values: list[Value]
    lane: Lane | None = None
    direction: int = 0


def distributed(program: Program) -> list[Block]:
    """The program as blocks, each after those that it reads."""
    return [_block(component) for component in components(program)]


def _block(component: list[Value]) -> Block:
    lane = component[0].lane
    if len(component) == 1:
        return Block(component)
    ways = {1 if v.op == "before" else -1 for v in component if v.op in ("before", "after")}
    if len(ways) != 1 or lane is None or any(v.lane != lane for v in component):
        raise NotImplementedError("a loop that runs both ways")
    inside = set(component)
    ordered: list[Value] = [v for v in component if v.op in ("before", "after")]
    met = set(ordered)

    def follow(v: Value) -> None:
        todo = [(v, iter(v.inputs))]
        met.add(v)
        while todo:
            u, rest = todo[-1]
            step = next((i for i in rest if i in inside and i not in met), None)
            if step is None:
                ordered.append(u)
                todo.pop()
            else:
                met.add(step)
                todo.append((step, iter(step.inputs)))

    for v in component:
        if v not in met:
            follow(v)
    return Block(ordered, lane, ways.pop())


def components(program: Program) -> list[list[Value]]:
    """The strongly connected components of `made of`, each after those that it is made of."""
    index: dict[Value, int] = {}
    low: dict[Value, int] = {}
    stack: list[Value] = []
    on_stack: set[Value] = set()
    found: list[list[Value]] = []
    place = {v: k for k, v in enumerate(program.values)}
    for root in program.values:
        if root in index:
            continue
        todo = [(root, iter(root.inputs))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while todo:
            v, rest = todo[-1]
            for i in rest:
                if i not in index:
                    index[i] = low[i] = len(index)
                    stack.append(i)
                    on_stack.add(i)
                    todo.append((i, iter(i.inputs)))
                    break
                if i in on_stack:
                    low[v] = min(low[v], index[i])
            else:
                todo.pop()
                if todo:
                    low[todo[-1][0]] = min(low[todo[-1][0]], low[v])
                if low[v] == index[v]:
                    component = []
                    while True:
                        u = stack.pop()
                        on_stack.discard(u)
                        component.append(u)
                        if u is v:
                            break
                    found.append(sorted(component, key=place.__getitem__))
    return found
