"""What other systems have too: which cells and layers have a counterpart there, and why others have none."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..nn.cells.gru import GRUCell
from ..nn.cells.lstm import LSTMCell
from ..nn.cells.rnn import RNNCell
from ..nn.sequence.combined import Bidirectional, Stacked
from ..nn.sequence.dropout import Dropout

__all__ = ["CellKind", "cell_kind", "cells_by_layer", "cells_of", "is_plain_stack", "missing_elsewhere", "path_in"]

CELLS: dict[str, Any] = {"RNN": RNNCell, "LSTM": LSTMCell, "GRU": GRUCell}


class CellKind(NamedTuple):
    """What cells must have in common to be one layer elsewhere."""

    name: str  # "RNN", "LSTM" or "GRU"
    hidden_size: int
    dtype: Any
    setting: Any  # the nonlinearity of an RNN, reset_after of a GRU
    bias: bool


def cell_kind(cell: Any) -> CellKind | None:
    """The kind of a cell that computes what its class of this package does; None for every other object."""
    for name, family in CELLS.items():
        if isinstance(cell, family) and not missing_elsewhere(cell):
            setting = {"RNN": "nonlinearity", "GRU": "reset_after"}.get(name)
            return CellKind(name, cell.hidden_size, cell.Wh.dtype, setting and getattr(cell, setting), cell.b is not None)
    return None


def missing_elsewhere(cell: Any) -> str:
    """Why a cell has no counterpart, as the end of a sentence; "" if it has one, or is no cell at all."""
    if not (callable(getattr(cell, "step", None)) and callable(getattr(cell, "initial_state", None))):
        return ""
    family = next((family for family in CELLS.values() if isinstance(cell, family)), None)
    if family is None:
        return "it is a cell of its own"
    kinds = type(cell).__mro__
    changed = {name for kind in kinds[: kinds.index(family)] for name in vars(kind) if callable(getattr(family, name, None))}
    if own := sorted(name for name in changed if not name.startswith("__")):
        return f"it computes otherwise than {family.__name__} ({', '.join(own)})"
    known = {"Wx", "Wh", "b", "bh"} if getattr(cell, "reset_after", False) else {"Wx", "Wh", "b"}
    more = sorted(name for name, _ in cell.named_parameters() if name not in known)
    return f"it has parameters that {family.__name__} does not have: {', '.join(more)}" if more else ""


def cells_of(layer: Any) -> tuple[Any, ...]:
    """A cell as (cell,), two directions as (forwards, backwards); () for what is neither."""
    if type(layer) is Bidirectional:
        return (layer.forwards, layer.backwards) if cell_kind(layer.forwards) and cell_kind(layer.backwards) else ()
    return (layer,) if cell_kind(layer) else ()


def is_plain_stack(layer: Any) -> bool:
    """Whether a layer is a `Stacked` that hands on what each layer writes (through dropout in training, but else as it is)."""
    return (
        isinstance(layer, Stacked)
        and type(layer).forward is Stacked.forward
        and (layer.between is None or type(layer.between) is Dropout)
    )


def cells_by_layer(layer: Any) -> list[tuple[Any, ...]] | None:
    """The cells of every layer, lowest first, if all are of one kind and size and read what the layer below writes; else None."""
    layers = [cells_of(part) for part in layer.layers] if is_plain_stack(layer) else [cells_of(layer)]
    directions, kinds = len(layers[0]), {cell_kind(cell) for cells in layers for cell in cells}
    if not directions or any(len(cells) != directions for cells in layers) or len(kinds) != 1:
        return None
    width = directions * layers[0][0].hidden_size
    sizes = [{cell.input_size for cell in cells} for cells in layers]
    return layers if len(sizes[0]) == 1 and all(size == {width} for size in sizes[1:]) else None


def path_in(path: str, name: str) -> str:
    """The path of what is called so in the module at that path; the outermost module has the path "".

    >>> from tinygrad_rnn.io.counterparts import path_in
    >>> path_in("layers.0", "W"), path_in("", "W")
    ('layers.0.W', 'W')
    """
    return f"{path}.{name}" if path else name
