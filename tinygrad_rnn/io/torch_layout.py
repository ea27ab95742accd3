"""PyTorch's names and layouts: `state_dict`s of `torch.nn.LSTM` and its like, as plain arrays. PyTorch itself is not needed.

PyTorch keeps its matrices the other way round (`weight_ih_l0` is Wx transposed), and two biases where one is enough: b is
`bias_ih + bias_hh`. On the way out bias_ih is b and bias_hh is 0; only in a GRU bias_hh has a part of its own, bh, in the rows of n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..engine.tensor import Tensor
from ..errors import LoadError
from ..nn.layers import Embedding, LayerNorm, Linear, Sequential
from ..nn.module import Module
from ..nn.sequence.combined import Bidirectional, Stacked
from ..shared.array_type import Array
from ..shared.checks import short
from .counterparts import cell_kind, cells_by_layer, missing_elsewhere, path_in

__all__ = ["from_torch_state_dict", "to_torch_state_dict"]


PREFIXES = ("module.", "_orig_mod.")  # what DataParallel and torch.compile put before every name


class Entry(NamedTuple):
    """Some parameters of ours, the names of what stands for them in PyTorch, and the way there and back."""

    parameters: tuple[Tensor, ...]
    names: tuple[str, ...]
    out: Callable[..., tuple[Array, ...]]
    back: Callable[..., tuple[Array, ...]]
    biases_of: str | None = None  # the recurrent module whose biases these are: PyTorch's bias=False leaves all of them out


def to_torch_state_dict(module: Module) -> dict[str, Array]:
    """The parameters of a module under PyTorch's names and in its layout: copies, for `load_state_dict` of the same model there.

    A `Stacked` of like layers (and `nn.RNN`, `nn.LSTM`, `nn.GRU`) becomes one `torch.nn.LSTM`, of any number of layers and
    directions; a `Bidirectional` one of one layer; a cell alone `torch.nn.LSTMCell`; `Linear`, `Embedding`, `LayerNorm` and
    `Sequential` what is called so there; biases that are left out have no names.
    A module that contains them prefixes their names with the path of its attributes; other parameters and buffers keep name and layout.
    Make tensors of it with `{name: torch.from_numpy(value) for name, value in state.items()}`.
    Raises `LoadError` for cells that PyTorch does not have (`reset_after=False`, layer normalisation, peepholes, cells of your own).

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> net = tg.nn.Stacked([tg.nn.LSTMCell(3, 4, rng=rng), tg.nn.LSTMCell(4, 4, rng=rng)])
    >>> for name, value in tg.io.to_torch_state_dict(net).items():
    ...     print(name, value.shape)
    weight_ih_l0 (16, 3)
    weight_hh_l0 (16, 4)
    bias_ih_l0 (16,)
    bias_hh_l0 (16,)
    weight_ih_l1 (16, 4)
    weight_hh_l1 (16, 4)
    bias_ih_l1 (16,)
    bias_hh_l1 (16,)
    """
    state: dict[str, Array] = {}
    for entry in _entries("", module, ()):
        values = entry.out(*(p.data for p in entry.parameters))
        state.update(zip(entry.names, (np.array(value, order="C") for value in values), strict=True))
    return state


def from_torch_state_dict(module: Module, state: Mapping[str, Any]) -> None:
    """Give a module the values of a PyTorch `state_dict()`: all of them, or none and a `LoadError` that says what does not fit.

    `state` holds arrays or torch tensors under the names that `to_torch_state_dict(module)` has. Both biases are added in the dtype
    of the module; a recurrent module saved without any (`bias=False`) gets zeros. The prefixes `module.` and `_orig_mod.`, which
    PyTorch's wrappers put before every name, are taken off.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> layer = tg.nn.Linear(3, 2, rng=np.random.default_rng(0))
    >>> tg.io.from_torch_state_dict(layer, {"weight": np.ones((2, 3)), "bias": np.zeros(2)})
    >>> layer([1.0, 2.0, 3.0]).data
    array([6., 6.])
    """
    if not isinstance(state, Mapping):
        raise LoadError(f"from_torch_state_dict of a {type(state).__name__}", hint="give model.state_dict(): arrays by name")
    inside = next((name for name, value in state.items() if isinstance(value, Mapping)), None)
    if inside is not None:
        raise LoadError(
            f"from_torch_state_dict of a checkpoint, a dict with {', '.join(map(short, [*state][:4]))}",
            hint=f"the state_dict is inside: give checkpoint[{inside!r}]",
        )
    entries = list(_entries("", module, ()))
    wanted = to_torch_state_dict(module)
    for prefix in (*PREFIXES, *PREFIXES):
        if state and all(str(name).startswith(prefix) for name in state) and not any(name.startswith(prefix) for name in wanted):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    given = _with_biases({name: _array(name, value) for name, value in state.items()}, entries)
    # a module with PyTorch's names and shapes, so that there is one place that decides what fits, and says so
    form = type(type(module).__name__, (Module,), {})()
    trained = {name for entry in entries if any(p.requires_grad for p in entry.parameters) for name in entry.names}
    vars(form).update({name: Tensor(value, requires_grad=name in trained) for name, value in wanted.items()})
    form.load_state_dict(given)
    values = form.state_dict()
    new: dict[int, tuple[Tensor, Array]] = {}
    for entry in entries:
        for p, value in zip(entry.parameters, entry.back(*(values[name] for name in entry.names)), strict=True):
            if id(p) in new and not np.array_equal(new[id(p)][1], value, equal_nan=True):
                raise LoadError(
                    f"{' and '.join(entry.names)} hold other values than another name of the same parameter",
                    hint="this module shares that parameter between two places; nothing was loaded",
                )
            new[id(p)] = p, value
    for p, value in new.values():
        p.data = value


def _array(name: str, value: Any) -> Any:
    """A torch tensor (of any device, with a gradient or without) or anything else as an array."""
    try:
        for method in ("detach", "cpu"):
            value = getattr(value, method, lambda value=value: value)()
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:  # bfloat16; rows of different length
        raise LoadError(
            f"{name} is not an array of numbers that NumPy has: {error}", hint="in PyTorch: model.float().state_dict()"
        ) from None


def _with_biases(state: dict[str, Any], entries: list[Entry]) -> dict[str, Any]:
    """The state with zeros for the biases of recurrent modules that have none at all."""
    names: dict[str, list[tuple[str, Array]]] = {}
    for entry in entries:
        if entry.biases_of is not None:
            values = entry.out(*(p.data for p in entry.parameters))
            names.setdefault(entry.biases_of, []).extend(zip(entry.names, values, strict=True))
    for pairs in names.values():
        if not any(name in state for name, _ in pairs):
            state |= {name: np.zeros_like(value) for name, value in pairs}
    return state


# ---- which parameter is called what -------------------------------------------------------------------------------------------------


def _entries(path: str, value: Any, above: tuple[int, ...]) -> Iterator[Entry]:
    """The entries of everything in a value. What is shared comes once for each of its names, as in PyTorch."""
    if id(value) in above:
        return
    above = (*above, id(value))
    if isinstance(value, Tensor):
        if value.is_leaf and hasattr(value, "wanted_gradient"):
            yield Entry((value,), (path,), lambda a: (a,), lambda a: (a,))
    elif isinstance(value, Linear):
        yield Entry((value.W,), (path_in(path, "weight"),), _turned, _turned)
        if value.b is not None:
            yield Entry((value.b,), (path_in(path, "bias"),), lambda b: (b,), lambda b: (b,))
    elif isinstance(value, LayerNorm):
        yield Entry((value.gain,), (path_in(path, "weight"),), lambda gain: (gain,), lambda gain: (gain,))
        if value.b is not None:
            yield Entry((value.b,), (path_in(path, "bias"),), lambda b: (b,), lambda b: (b,))
    elif isinstance(value, Sequential):
        for number, part in enumerate(value.layers):
            yield from _entries(path_in(path, str(number)), part, above)
    elif isinstance(value, Embedding):
        yield Entry((value.W,), (path_in(path, "weight"),), lambda W: (W,), lambda W: (W,))
    elif isinstance(value, (Stacked, Bidirectional)) and (layers := cells_by_layer(value)):
        for number, cells in enumerate(layers):
            for cell, suffix in zip(cells, ("", "_reverse"), strict=False):
                yield from _cell_entries(path, cell, f"_l{number}{suffix}")
    elif cell_kind(value):
        yield from _cell_entries(path, value, "")
    elif missing_elsewhere(value):
        raise _without_counterpart(path, value, missing_elsewhere(value))
    elif isinstance(value, (Module, dict, list, tuple)):
        inside = vars(value) if isinstance(value, Module) else value
        pairs = inside.items() if isinstance(inside, dict) else enumerate(inside)
        for key, part in pairs:
            yield from _entries(path_in(path, str(key)), part, above)


def _cell_entries(path: str, cell: Any, suffix: str) -> Iterator[Entry]:
    kind = cell_kind(cell)
    assert kind is not None
    gru, hidden = kind.name == "GRU", kind.hidden_size
    if gru and not kind.setting:
        raise _without_counterpart(path, cell, "PyTorch's GRU is that of reset_after=True")
    names = [path_in(path, f"{name}{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    yield Entry((cell.Wx,), (names[0],), _turned, _turned)
    yield Entry((cell.Wh,), (names[1],), _turned, _turned)
    if not kind.bias:
        return
    if gru:  # rows r, z, n: those of n are not added up, as r multiplies one of them

        def out(b: Array, bh: Array) -> tuple[Array, ...]:
            return b, np.concatenate([np.zeros(2 * hidden, b.dtype), bh])

        def back(bias_ih: Array, bias_hh: Array) -> tuple[Array, ...]:
            return np.concatenate([(bias_ih + bias_hh)[: 2 * hidden], bias_ih[2 * hidden :]]), bias_hh[2 * hidden :]

        yield Entry((cell.b, cell.bh), (names[2], names[3]), out, back, path)
    else:
        yield Entry((cell.b,), (names[2], names[3]), lambda b: (b, np.zeros_like(b)), lambda ih, hh: (ih + hh,), path)


def _turned(W: Array) -> tuple[Array, ...]:
    return (W.T,)


def _without_counterpart(path: str, cell: Any, why: str) -> LoadError:
    return LoadError(
        f"{type(cell).__name__}{f' ({path})' if path else ''} has no counterpart in PyTorch: {why}",
        hint="tg.io.save(module, path) keeps its weights under our own names",
    )
