"""Module: an object that owns parameters, finds them by name, saves and loads them."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from inspect import isfunction
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

import numpy as np

from ..engine.scopes import current_mode, no_grad, scope, set_mode
from ..engine.tensor import Tensor
from ..errors import DataError, DtypeError, GraphError, LoadError
from ..shared.array_type import Array, array_given
from ..shared.call_site import call_site
from ..shared.checks import check_flags, short
from .meaning import StateDict, differences, meaning_of, under, unknown
from .printed import in_a_line, printed
from .torch_words import check_words

__all__ = ["Module", "evaluating", "is_cell", "items_within", "modes_kept", "name_parts", "parts_within", "scoped"]

M = TypeVar("M", bound="Module")
F = TypeVar("F", bound=Callable[..., Any])
Given = ParamSpec("Given")
Made = TypeVar("Made", covariant=True)


def scoped(method: F) -> F:
    """Make a method of a module open a scope with the name of its class, so that what it records knows where it belongs."""

    @wraps(method)
    def inside(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = current_mode()
        set_mode(before.inside(type(self).__name__, self._part))
        try:
            return method(self, *args, **kwargs)
        finally:
            set_mode(before)

    inside.scoped = True  # type: ignore[attr-defined]
    return inside  # type: ignore[return-value]


def part_scoped(step: F) -> F:
    """Of a cell of one's own: open such a scope where it is a part of another cell. By itself it has that of `unroll`."""

    @wraps(step)
    def inside(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not self._part:
            return step(self, *args, **kwargs)
        before = current_mode()
        set_mode(before.inside(type(self).__name__, self._part))
        try:
            return step(self, *args, **kwargs)
        finally:
            set_mode(before)

    return inside  # type: ignore[return-value]


class Forward(Protocol[Given, Made]):
    """What a type checker reads off a module: calling it takes what its `forward` takes, and returns what that returns."""

    def forward(self, *args: Given.args, **options: Given.kwargs) -> Made: ...


class Module:
    """Base of everything with parameters.

    What a module is, is every Tensor in its attributes that was given, not computed: in itself, in sub-modules, and in lists, tuples
    and dicts of either. One that requires a gradient, or did before it was frozen, is a parameter; one that never did (a mean, a
    scale) is a buffer: saved and loaded with the others, and never trained. What was computed (the attention of the last call, a
    state that is carried on) is no part of it; wrap a constant that you compute once in `tg.Tensor(...)`.

    `freeze()` keeps parameters as they are: they stay parameters, optimizers pass over them. An unnamed parameter is named after its
    attribute. Calling a module calls its `forward` in a scope of its own. `print(module)` shows its parts, with their shapes and how
    many numbers their parameters hold.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Scale(tg.nn.Module):
    ...     def __init__(self):
    ...         self.w = tg.Tensor(2.0, requires_grad=True)
    ...         self.mean = tg.Tensor(1.0)
    ...     def forward(self, x):
    ...         return self.w * (x - self.mean)
    >>> scale = Scale()
    >>> scale(4.0).item(), [name for name, p in scale.named_parameters()], list(scale.state_dict())
    (6.0, ['w'], ['w', 'mean'])
    >>> print(tg.nn.Sequential(scale, tg.tanh, tg.nn.Linear(1, 2, rng=np.random.default_rng(0))))
    Sequential(  # 5 parameters
      (layers.0): Scale(w (), mean () buffer)  # 1
      (layers.1): tanh
      (layers.2): Linear(W (1, 2), b (2,))  # 4
    )
    """

    training = True
    settings: tuple[str, ...] = ()  # names of the attributes on which the meaning of its weights depends: ("nonlinearity",)

    _part = ""  # of a cell inside the cell that is unrolled: the path to it

    if not TYPE_CHECKING:

        def __new__(cls, *args, **settings):
            if settings:
                check_words(cls.__name__, cls.__init__, settings)
            return super().__new__(cls)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        step = vars(cls).get("step")
        if isfunction(step) and not getattr(step, "scoped", False):
            cls.step = part_scoped(step)  # type: ignore[attr-defined]

    def __setattr__(self, key: str, value: Any) -> None:
        if isinstance(value, Tensor) and value.requires_grad and value.is_leaf and value.name is None:
            value.name = key
        if isinstance(value, (Tensor, np.ndarray)) and not hasattr(value, "wanted_gradient"):
            _refuse_over_parameter(self, key, value)
        super().__setattr__(key, value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module computes; a module of your own defines it."""
        raise TypeError(f"{type(self).__name__} has no forward(): write one, or call its other methods")

    def __call__(self: Forward[Given, Made], *args: Given.args, **options: Given.kwargs) -> Made:
        with scope(type(self).__name__):
            return self.forward(*args, **options)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Each parameter once, frozen ones too, with its path: `cell.Wh`, `layers.0.W`. A shared one has its first name.

        What has no name yet, such as a weight in a list, is called by its path.
        """
        for path, part in self._tensors():
            if part.wanted_gradient:
                know_path(part, path)
                yield path, part

    def parameters(self) -> list[Tensor]:
        """All parameters, each once. Those that are trained: `[p for p in module.parameters() if p.requires_grad]`."""
        return [p for _, p in self.named_parameters()]

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Each constant of the module once, with its path: a Tensor that was given and never required a gradient."""
        yield from ((path, part) for path, part in self._tensors() if not part.wanted_gradient)

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        yield from ((path, part) for path, part in parts_within("", vars(self), {id(self)}) if isinstance(part, Tensor))

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Say of all parameters whether they are trained; returns the module. Gradients of those that are not are forgotten.

        Buffers stay what they are. One parameter is frozen by `p.requires_grad = False`.

        >>> import numpy as np, tinygrad_rnn as tg
        >>> encoder = tg.nn.Linear(3, 2, rng=np.random.default_rng(0)).requires_grad_(False)
        >>> encoder.W.requires_grad, len(encoder.parameters()), len(encoder.state_dict())
        (False, 2, 2)
        """
        check_flags(f"{type(self).__name__}.requires_grad_", requires_grad=requires_grad)
        for p in self.parameters():
            p.requires_grad = bool(requires_grad)
        return self

    def freeze(self: M) -> M:
        """Train this module and all inside it no further: `requires_grad_(False)`, which `requires_grad_()` takes back."""
        return self.requires_grad_(False)

    def modules(self) -> Iterator[Module]:
        """This module and all inside it, each once."""
        yield self
        yield from (part for _, part in parts_within("", vars(self), {id(self)}) if isinstance(part, Module))

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: before each backward pass of a training loop."""
        for p in self.parameters():
            p.zero_grad()

    def state_dict(self) -> dict[str, Array]:
        """A copy of the values of every parameter, frozen or not, and of every buffer, by name.

        With them, as `meaning`, goes what the weights mean: vocabularies and the attributes that a class names in `settings`.
        Raises `DataError` where two have one name (keys of dicts with dots).
        """
        return StateDict({name: t.data.copy() for name, t in self._by_name().items()}, meaning_of(self))

    def _by_name(self) -> dict[str, Tensor]:
        named: dict[str, Tensor] = {}
        for name, t in self._tensors():
            if name in named:
                raise DataError(
                    f"{type(self).__name__} has two parameters that are called {name}",
                    hint="give one of them, or a key of the dict that it is in, another name",
                )
            named[name] = t
        return named

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over values saved by `state_dict`. All or nothing: a `LoadError` names what is missing, left over or misshapen.

        Buffers and frozen parameters that are missing keep the values that they have, and a warning names them: files that were
        saved before these counted do not hold them.
        What the values mean is compared too, where the state tells (`dict(state)` does not): another vocabulary, or another
        setting such as the nonlinearity, is a `LoadError`; where one side alone has it, a warning says that it was not compared.
        """
        if not isinstance(state, Mapping):
            raise LoadError(
                f"load_state_dict of a {type(state).__name__}", hint="give what state_dict() returned: a dict of arrays by name"
            )
        inside = next((name for name, value in state.items() if isinstance(value, Mapping)), None)
        if inside is not None:
            raise LoadError(
                f"load_state_dict of a checkpoint, a dict with {', '.join(map(short, [*state][:4]))}",
                hint=f"the state is inside: give checkpoint[{short(inside)}]",
            )
        own, told = self._by_name(), getattr(state, "meaning", None)
        meaning = told and meaning_of(self)
        other = differences(told, meaning) if told and meaning else []
        absent = [name for name in own if name not in state]
        kept = [name for name in absent if not own[name].requires_grad]
        wrong = other + [f"missing: {name} {own[name].shape}" for name in absent if own[name].requires_grad]
        wrong += [f"left over: {name}" for name in state if name not in own]
        values = {}
        for name, t in own.items():
            if name in state:
                try:
                    values[name] = _fitted(state[name], t)
                except ValueError as error:
                    wrong.append(f"{error}".replace("?", name, 1))
        if wrong:
            raise LoadError(
                f"this state does not fit {type(self).__name__}: " + "; ".join(wrong),
                hint="build the module with the vocabulary and the settings it was saved with; nothing was loaded. "
                "dict(state) has the numbers alone"
                if other
                else "build the module with the sizes it was saved with; nothing was loaded",
            )
        if told and meaning and (paths := unknown(told, meaning)):
            warnings.warn(
                f"{', '.join(paths)} of {type(self).__name__} was not compared: the state, or the module, does not tell",
                UserWarning,
                stacklevel=call_site().level,
            )
        for name, value in values.items():
            own[name].data = value
        if kept:
            warnings.warn(
                f"this state does not hold {', '.join(kept)} of {type(self).__name__} (buffers or frozen parameters): "
                "they keep the values that they have. Load these too, or save the module anew",
                UserWarning,
                stacklevel=call_site().level,
            )

    def train(self: M, mode: bool = True) -> M:
        """Switch this module and all inside it to training (dropout active); returns the module."""
        check_flags(f"{type(self).__name__}.train", mode=mode)
        for part in self.modules():
            part.training = mode
        return self

    def eval(self: M) -> M:
        """Switch to evaluation: `train(False)`."""
        return self.train(False)

    def __repr__(self) -> str:
        return in_a_line(self, self.named_parameters())

    def __str__(self) -> str:
        return printed(self, items_within("", vars(self), {id(self)}, _is_part), _is_part, meaning_of(self).shared)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """In a notebook, what `print` shows."""
        printer.text(str(self))


def _refuse_over_parameter(module: Module, key: str, value: Any) -> None:
    """Raise `GraphError` where a result or an array would take the place of a parameter, which would be lost."""
    if getattr(vars(module).get(key), "wanted_gradient", False):
        kind = "a result" if isinstance(value, Tensor) else "an array"
        raise GraphError(
            f"{type(module).__name__}.{key} is a parameter, and was given {kind} of shape {value.shape}",
            hint=f"values: module.{key}.data = values. To tie weights, share the tensor itself: readout.W = other.W; "
            "what must be computed, as a transpose, is computed anew in each forward(): h @ self.embedding.W.T. "
            f"To do without the parameter: del module.{key} first",
        )


def _fitted(value: Any, p: Tensor) -> Array:
    """A saved value as an array for a parameter or buffer p; a ValueError says what is wrong, with ? for the name."""
    try:
        array = array_given("?", value)
    except DtypeError as error:
        raise ValueError(f"no array: {error.message}") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"not numbers: ? is {array.dtype}")
    if array.shape != p.shape:
        raise ValueError(f"misshapen: ? is {array.shape}, the module has {p.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        cast = array.astype(p.dtype)
    if p.dtype.kind != "f" and (cast != array).any():
        raise ValueError(f"not of {p.dtype}: ? is {array.dtype}, with values that {p.dtype} does not have")
    if (np.isfinite(array) & ~np.isfinite(cast)).any():
        raise ValueError(f"too large for {p.dtype}: ?")
    return cast


def parts_within(path: str, value: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Every given Tensor and every sub-module inside a value, with its path, in the order of assignment; each once.

    A cell may be of any class, so what has the two methods of a cell is searched like a module.
    Raises `DataError` for tensors or modules in a set.
    """
    for where, part in items_within(path, value, seen, _is_part):
        if (isinstance(part, Tensor) and part.is_leaf and hasattr(part, "wanted_gradient")) or _is_part(part):
            yield where, part
        elif isinstance(part, (set, frozenset)):
            _refuse_set(where, part)


def items_within(path: str, value: Any, seen: set[int], enter: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    """Everything inside a value, through dicts, lists and tuples as deep as they go, with its path; what was met once is left out.

    `enter` says of what object the attributes are searched too. Without recursion, since a list may hold itself.

    >>> from tinygrad_rnn.nn.module import items_within
    >>> loop = [1.5, {"a": 2.5}]; loop.append(loop)
    >>> list(items_within("w", loop, set(), lambda item: False))
    [('w.0', 1.5), ('w.1.a', 2.5)]
    """
    todo: list[Iterator[tuple[str, Any]]] = [iter([(path, value)])]
    while todo:
        path, value = next(todo[-1], ("", todo))
        if value is todo:
            todo.pop()
        elif id(value) not in seen:
            container, searched = isinstance(value, (dict, list, tuple, deque)), enter(value)
            if container or searched or isinstance(value, Tensor):
                seen.add(id(value))
            if not container:
                yield path, value
            if container or searched:
                items = vars(value) if searched else value
                pairs = items.items() if isinstance(items, dict) else enumerate(items)
                todo.append(under(path, pairs))


def _is_part(value: Any) -> bool:
    return isinstance(value, Module) or (is_cell(value) and hasattr(value, "__dict__"))


def _refuse_set(path: str, value: Any) -> None:
    found = next((item for item in value if isinstance(item, (Tensor, Module)) or is_cell(item)), None)
    if found is not None:
        raise DataError(
            f"a {type(found).__name__} in a set ({path}): a set has no order, so its parts would have no names",
            hint="put them into a list or a dict",
        )


def know_path(weight: Tensor, path: str) -> None:
    """Keep where a weight was found; a path that is the end of the one known says nothing new."""
    leaf = weight.node
    if leaf is not None and not (leaf.path and leaf.path.endswith(f".{path}")):
        leaf.path = path
    if weight.name is None:
        weight.name = path


def name_parts(cell: Any) -> None:
    """Before a cell is run: what is inside it learns its path, weights in lists and the cells that it is made of."""
    for path, part in parts_within("", cell, set()):
        if isinstance(part, Tensor):
            know_path(part, path)
        elif isinstance(part, Module):
            part.__dict__["_part"] = path


def is_cell(value: Any) -> bool:
    """Whether an object, of any class, has the two methods of a cell."""
    methods = (getattr(value, name, None) for name in ("initial_state", "step"))
    return not isinstance(value, type) and all(map(callable, methods))


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Record nothing, and drop nothing out; every part is afterwards in the mode that it was in."""
    with modes_kept(model), no_grad():
        if isinstance(model, Module):
            model.train(False)
        yield


@contextmanager
def modes_kept(model: Any) -> Iterator[None]:
    """Put every part of a model back, at any end, into the mode that it is in: training or evaluation."""
    modes = [(part, part.training) for part in model.modules()] if isinstance(model, Module) else []
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
