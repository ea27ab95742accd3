"""Tensors of PyTorch and what stands for them here: values, which memory they share, and what a write to one does to the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.primitives import where
from ...engine.tensor import Tensor
from ...shared.array_type import Array

__all__ = ["Known", "Tensors", "as_array"]


def as_array(t: Any) -> Array:
    """The value of a tensor of PyTorch as an array of its own: of any device; half precision as float32."""
    t = t.detach()
    if t.is_sparse:
        t = t.to_dense()
    if t.dtype.is_floating_point and t.element_size() < 4:
        t = t.float()
    return np.array(t.cpu().resolve_conj().resolve_neg().numpy())


@dataclass(eq=False, repr=False)
class Known:
    """A tensor that was met, and what stands for it; None for what is no float."""

    tensor: Any
    shadow: Tensor | None
    version: int


class Tensors:
    """What was met in a run. A tensor is known by identity, so it is held as long as the run is."""

    def __init__(self, parameters: dict[int, str]) -> None:
        self.parameters = parameters
        self.known: dict[int, Known] = {}
        self.in_storage: dict[int, list[Known]] = {}
        self.outside: list[Any] = []  # computed before the watch began, from something that wants a gradient

    def given(self, t: Any) -> Any:
        """What stands for a tensor: a Tensor for floats, else its array."""
        if not t.dtype.is_floating_point:
            return as_array(t)
        entry = self.known.get(id(t))
        if entry is None or entry.version != t._version:
            entry = self.bind(t, self.met(t))
        return entry.shadow

    def met(self, t: Any) -> Tensor:
        """A tensor as it is now, without a history that was seen: a weight, or data."""
        name = self.parameters.get(id(t))
        if t.requires_grad and t.grad_fn is not None:
            self.outside.append(t)
        made = Tensor(as_array(t), requires_grad=t.is_leaf and t.requires_grad, name=name and _letters(name))
        if made.node is not None:
            made.node.path = name
        return made

    def bind(self, t: Any, shadow: Tensor) -> Known:
        """From now on `shadow` stands for t."""
        entry = self.known.get(id(t))
        if entry is None:
            entry = self.known[id(t)] = Known(t, shadow, t._version)
            self.in_storage.setdefault(_storage(t), []).append(entry)
        entry.shadow, entry.version = shadow, t._version
        return entry

    def written(self, t: Any, shadow: Tensor) -> None:
        """t was written to in place: whatever shares its memory has changed with it."""
        self.bind(t, shadow)
        fellows = [entry for entry in self.in_storage[_storage(t)] if entry.tensor is not t]
        if not fellows:
            return
        mine = _offsets(t).reshape(-1)
        order = np.argsort(mine, kind="stable")
        for entry in fellows:
            theirs = _offsets(entry.tensor)
            at = np.searchsorted(mine[order], theirs).clip(max=max(mine.size - 1, 0))
            hit = mine[order][at] == theirs if mine.size else np.zeros(theirs.shape, bool)
            assert entry.shadow is not None
            if hit.any():
                read = shadow.reshape(-1)[order[at].reshape(-1)].reshape(theirs.shape)
                entry.shadow = read if hit.all() else where(hit, read, entry.shadow)
            entry.version = entry.tensor._version


def _letters(path: str) -> str:
    """What PyTorch's documentation calls a parameter in the equations: `W_ih` of `rnn.weight_ih_l0`."""
    name = path.rpartition(".")[2]
    for word, letter in (("weight", "W"), ("bias", "b")):
        if name == word or name.startswith(f"{word}_"):
            return letter + re.sub(r"_l\d+(_reverse)?$", "", name.removeprefix(word))
    return name


def _storage(t: Any) -> int:
    return int(t.untyped_storage().data_ptr()) if str(t.layout) == "torch.strided" else id(t)


def _offsets(t: Any) -> Array:
    """Where in its memory each entry of a tensor stands."""
    places = np.full((), t.storage_offset())
    for size, stride in zip(t.shape, t.stride(), strict=True):
        places = places[..., None] + np.arange(size) * stride
    return places
