"""A run of PyTorch, recorded as a graph of this package while it happens.

PyTorch computes as it would without the watch: its kernels, its random numbers, its `.grad`. Beside it every differentiable call is
done once more in the ops of this package, and compared. So what is drawn, probed or printed afterwards is a graph like any other.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import numpy as np

from ...engine.graph import Node
from ...engine.scopes import Frame
from ...engine.tensor import Tensor
from ...errors import DataError, GraphError, TinygradRnnError
from ...replay.from_loss import snapshot
from ...replay.records import GraphSnapshot
from ...shared.array_type import Array
from ...shared.checks import short
from ..optional_packages import torch_package
from .foreign import Call, recorded
from .fused import CELLS, LAYERS, fused
from .places import Places
from .tensors import Tensors, as_array
from .time import put_into_time
from .translations import translated, written

__all__ = ["Run", "watch"]

WRITES = ("iadd", "isub", "imul", "itruediv", "setitem")
CLOSE = {2: 2e-2, 4: 1e-4, 8: 1e-9}  # bytes of a float: how far a result may be from PyTorch's, of its largest entry
REFUSED = (TinygradRnnError, ValueError, TypeError, KeyError, IndexError, NotImplementedError, AttributeError)


def watch(model: Any) -> Run:
    """Record what a module of PyTorch computes inside `with`, as a graph of this package. Nothing in the run changes.

    `run.snapshot(loss)` is its graph as plain data, for `tg.draw`, `tg.probe` and the rest; `run.loss(loss)` the loss as a tensor of
    this package, for what takes one. Layers that PyTorch computes in one piece (`nn.LSTM`, also packed) are there step by step;
    of loops in Python a step is found where a weight is used again on what came of its use one round before, and `tg.time_step` has
    the last word. Raises `DataError` without PyTorch and for what is no module, `GraphError` for a module that was compiled or scripted.

    >>> import torch, tinygrad_rnn as tg
    >>> model = torch.nn.LSTM(3, 4, batch_first=True)
    >>> with tg.watch(model) as run:
    ...     outputs, (h, c) = model(torch.ones(2, 5, 3))
    ...     loss = (h ** 2).sum()
    >>> graph = run.snapshot(loss)  # values, gradients, what was sent along every edge
    >>> graph.steps, sorted(graph.contributions("weight_hh_l0"))
    ((1, 2, 3, 4, 5), [1, 2, 3, 4, 5])
    >>> tg.draw(graph).describe().splitlines()[0]
    'LSTM, 5 steps, 103 ops, 4 weights.'
    """
    return Run(torch_package(), model)


class Run:
    """What `watch` gives: open it with `with` around the forward pass, and ask it afterwards.

    >>> import torch, tinygrad_rnn as tg
    >>> model = torch.nn.Linear(3, 1)
    >>> with tg.watch(model) as run:
    ...     loss = model(torch.ones(2, 3)).sum()
    >>> run
    <Run of Linear: 5 tensors>
    """

    def __init__(self, torch: Any, model: Any) -> None:
        _check_model(torch, model)
        self.torch, self.model = torch, model
        self.tensors = Tensors({id(p): name for name, p in model.named_parameters()})
        self.places = Places(torch, model)
        self.frames: dict[Node, tuple[Frame, ...]] = {}
        self.mode: Any = None

    def __repr__(self) -> str:
        return f"<Run of {type(self.model).__name__}: {len(self.tensors.known)} tensors>"

    def __enter__(self) -> Run:
        if self.mode is not None:
            raise GraphError("this watch is open already, or is over", hint="make another: with tg.watch(model) as run:")
        self.mode = _mode(self)
        self.mode.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.mode.__exit__(*error)
        self.places.close()

    def loss(self, loss: Any) -> Tensor:
        """The loss as a tensor of this package, with its graph. Raises `GraphError` for what was not computed inside.

        >>> import torch, tinygrad_rnn as tg
        >>> model = torch.nn.GRU(3, 4, batch_first=True)
        >>> with tg.watch(model) as run:
        ...     loss = model(torch.ones(2, 30, 3))[0][:, -1].sum()
        >>> "for t in reversed(" in tg.program.source(run.loss(loss))
        True
        """
        if not isinstance(loss, self.torch.Tensor):
            raise GraphError(f"a {type(loss).__name__} has no graph", hint="give the loss that was computed inside the watch")
        entry = self.tensors.known.get(id(loss))
        if entry is None or entry.shadow is None or entry.shadow.node is None or not entry.shadow.node.parents:
            raise GraphError(
                "this tensor was not computed from the model's weights inside this watch",
                hint="with tg.watch(model) as run: loss = criterion(model(x), y), outside of no_grad() and inference_mode()",
            )
        if self.tensors.outside:
            raise GraphError(
                f"{len(self.tensors.outside)} tensors that were read here, one of shape {tuple(self.tensors.outside[0].shape)}, "
                "were computed outside of the watch",
                hint="let the whole forward pass stand inside, and detach() a state that is carried on",
            )
        put_into_time(entry.shadow, self.places, _told_apart(self.model), self.frames)
        return entry.shadow

    def snapshot(self, loss: Any, gradient: Any = None) -> GraphSnapshot:
        """The graph of a loss as plain data. `gradient` is d(something)/d(loss) where the loss is not a single number.

        >>> import torch, tinygrad_rnn as tg
        >>> model = torch.nn.RNN(3, 4, batch_first=True)
        >>> with tg.watch(model) as run:
        ...     loss = model(torch.ones(2, 5, 3))[0][:, -1].sum()
        >>> tg.probe.gradient_by_step(run.snapshot(loss)).shape
        (5,)
        """
        return snapshot(self.loss(loss), None if gradient is None else as_array(self.torch.as_tensor(gradient)))

    # ---- while it runs --------------------------------------------------------------------------------------------------------

    def called(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One call of a function of PyTorch: its own result, and a node beside it."""
        name = _name(function)
        tensors = self._floats((args, kwargs))
        target = args[0] if args and (name in WRITES or name.endswith("_")) else kwargs.get("out")
        if not (self.torch.is_grad_enabled() and any(t.requires_grad for t in tensors)):
            result = function(*args, **kwargs)
            self._without_gradient(name, args, target, result)
            if isinstance(result, self.torch.Tensor):
                self.places.note(sys._getframe(2))  # a loop that has ended is told from one that goes on
            return result
        given, state = self._given((args, kwargs)), self.torch.get_rng_state()
        inputs = [t.detach().clone() for t in tensors] if target is not None else tensors
        shadows = [self.tensors.given(t) for t in tensors]
        result = function(*args, **kwargs)
        results = [target] if target is not None else list(result) if isinstance(result, (tuple, list)) else [result]
        if any(self._wanted(r) for r in results):
            self._name_locals(self.places.note(sys._getframe(2)))
            made = self._translated(name, function, (args, kwargs), given, state, results)
            for k, r in enumerate(results):
                if self._wanted(r):
                    part = None if len(results) == 1 and not isinstance(result, (tuple, list)) else k
                    call = made is None and self._call(name, function, (args, kwargs), inputs, state, part, r)
                    shadow = recorded(call, name.strip("_"), shadows) if call else made[k]  # type: ignore[index]
                    (self.tensors.bind if target is None else self.tensors.written)(r, shadow)
        return result

    def _wanted(self, result: Any) -> bool:
        return isinstance(result, self.torch.Tensor) and result.dtype.is_floating_point and result.requires_grad

    def _without_gradient(self, name: str, args: tuple[Any, ...], target: Any, result: Any) -> None:
        if target is not None and isinstance(target, self.torch.Tensor) and id(target) in self.tensors.known:
            self.tensors.written(target, self.tensors.met(target))
        if name in ("detach", "data") and id(args[0]) in self.tensors.known and isinstance(result, self.torch.Tensor):
            self.tensors.bind(result, self.tensors.given(args[0]).detach())

    def _given(self, part: Any) -> Any:
        """Arguments with what stands for the tensors among them."""
        if isinstance(part, self.torch.Tensor):
            return self.tensors.given(part)
        if isinstance(part, dict):
            return {key: self._given(value) for key, value in part.items()}
        if isinstance(part, (tuple, list)):
            return (list if isinstance(part, list) else tuple)(map(self._given, part))
        return part

    def _floats(self, part: Any) -> list[Any]:
        """The tensors of floats among arguments, in their order."""
        if isinstance(part, self.torch.Tensor):
            return [part] if part.dtype.is_floating_point else []
        parts = part.values() if isinstance(part, dict) else part if isinstance(part, (tuple, list)) else ()
        return [t for inner in parts for t in self._floats(inner)]

    def _translated(self, name: str, function: Any, plain: Any, given: Any, state: Any, results: list[Any]) -> list[Any] | None:
        """The results in the ops of this package; None if there is no translation, or it gives something else."""
        args, kwargs = given
        found: Any
        try:
            with np.errstate(all="ignore"):
                if name in LAYERS or name in CELLS:
                    found = fused(self.torch, name, plain[0], args, state)
                elif name == "dropout":
                    found = args[0] * self._drawn(function, plain, state)
                elif name == "setitem":
                    found = written(*args)
                else:
                    of_functional = getattr(function, "__module__", "") == "torch.nn.functional" and hasattr(function, "__code__")
                    found = translated(
                        name[1:] if name in WRITES else name.rstrip("_"),
                        signature(function) if of_functional else None,
                        args,
                        kwargs,
                    )
        except REFUSED:
            return None
        made = list(found) if isinstance(found, (tuple, list)) else [found]
        right = len(made) == len(results) and all(
            isinstance(m, Tensor) and _close(m.data, as_array(r), r.element_size())
            for m, r in zip(made, results, strict=True)
            if self._wanted(r)
        )
        return made if right else None

    def _drawn(self, function: Any, plain: Any, state: Any) -> Array:
        """The mask of a dropout: what the same random numbers make of ones."""
        (x, *settings), kwargs = plain
        with self.torch.random.fork_rng(devices=[]), self.torch.no_grad():
            self.torch.set_rng_state(state)
            return as_array(function(self.torch.ones_like(x), *settings, **kwargs))

    def _call(self, name: str, function: Any, plain: Any, inputs: list[Any], state: Any, part: int | None, result: Any) -> Call:
        def again(leaves: list[Any]) -> Any:
            args, kwargs = _replaced(plain, iter(leaves), self)
            found = function(*args, **kwargs)
            return found if part is None else found[part]

        return Call(self.torch, name.strip("_"), again, inputs, state, as_array(result))

    def _name_locals(self, frame: Any) -> None:
        """Results are called what the user's variables are called."""
        for name, value in list(frame.f_locals.items()) if frame is not None else ():
            entry = self.tensors.known.get(id(value)) if isinstance(value, self.torch.Tensor) else None
            node = entry.shadow.node if entry is not None and entry.shadow is not None else None
            if node is not None and node.op is not None and node.name is None:
                node.name = name


def _mode(run: Run) -> Any:
    class Watching(run.torch.overrides.TorchFunctionMode):  # type: ignore[misc, name-defined]
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return run.called(function, args, kwargs or {})

    return Watching()


def _name(function: Any) -> str:
    """`add` of `torch.add`, `Tensor.add` and `Tensor.__add__`; `T` of the attribute of that name."""
    if function.__name__ == "__get__":
        return str(getattr(function.__self__, "__name__", ""))
    name = str(function.__name__)
    return name[2:-2] if name.startswith("__") and name.endswith("__") else name


def _close(ours: Array, theirs: Array, size: int) -> bool:
    if ours.shape != theirs.shape:
        return False
    known = np.isfinite(theirs)
    if not np.array_equal(known, np.isfinite(ours)):
        return False
    scale = float(np.abs(theirs[known]).max(initial=0.0))
    return bool(np.all(np.abs(ours[known] - theirs[known]) <= CLOSE[size] * max(scale, 1e-30)))


def _replaced(part: Any, leaves: Iterator[Any], run: Run) -> Any:
    """Arguments with other tensors of floats in the place of theirs."""
    if isinstance(part, run.torch.Tensor):
        return next(leaves) if part.dtype.is_floating_point else part
    if isinstance(part, dict):
        return {key: _replaced(value, leaves, run) for key, value in part.items() if key != "out"}
    if isinstance(part, (tuple, list)):
        return type(part)([_replaced(inner, leaves, run) for inner in part]) if type(part) in (tuple, list) else part
    return part


def _told_apart(model: Any) -> dict[int, str]:
    """{module: its path in the model}, of those whose class others have too."""
    count = Counter(type(module).__name__ for module in model.modules())
    return {id(module): path for path, module in model.named_modules() if count[type(module).__name__] > 1}


def _check_model(torch: Any, model: Any) -> None:
    if not isinstance(model, torch.nn.Module):
        raise DataError(f"watch of {short(model)}, which is of type {type(model).__name__}", hint="give a torch.nn.Module")
    for module in model.modules():
        if type(module).__name__ == "OptimizedModule":
            raise GraphError("this model was compiled by torch.compile: its steps are one kernel", hint="watch(model._orig_mod)")
        if isinstance(module, torch.jit.ScriptModule):
            raise GraphError(
                "a part of this model is TorchScript: its calls are not seen", hint="watch the module that was scripted"
            )
