"""Each operation of a program in NumPy's words: for one step, and for all steps of a run at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .sizes import Sizes
from .values import Slot, Value, slots

__all__ = ["HELPERS", "Operations", "Text", "dtype_of"]

HELPERS = {
    "sigmoid": "def sigmoid(x):\n    return 0.5 * np.tanh(0.5 * x) + 0.5\n",
    "rows": "def rows(x):  # all steps and sequences, one under the other\n    return x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])\n",
    "times": "def times(x, W):  # one product for all steps\n    return (rows(x) @ W).reshape(*x.shape[:-1], W.shape[-1])\n",
    "placed": "def placed(g, key, shape):  # g in zeros; what is named twice gets both\n"
    "    whole = np.zeros(shape, g.dtype)\n    np.add.at(whole, key, g)\n    return whole\n",
    "largest": "def largest(x, axes):  # 1 at the largest entries, shared among ties\n    hit = x == x.max(axis=axes, keepdims=True)\n"
    "    return hit / hit.sum(axis=axes, keepdims=True, dtype=x.dtype)\n",
    "summed_to": "def summed_to(g, shape):  # over the axes along which something of that shape was repeated\n"
    "    g = g.sum(axis=tuple(range(g.ndim - len(shape))))\n"
    "    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1 and g.shape[k] != 1), keepdims=True)\n",
}
SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "matmul": "@", "F.matmul": "@", "greater": ">", "greater_equal": ">=", "less": "<",
    "equal": "==", "not_equal": "!=", "logical_and": "&", "logical_or": "|", "power": "**", "F.raised": "**",
}  # fmt: skip
CALLS = {
    "exp": "np.exp", "log": "np.log", "tanh": "np.tanh", "sin": "np.sin", "cos": "np.cos", "abs": "np.abs", "maximum": "np.maximum",
    "F.log": "np.log", "F.sin": "np.sin", "F.cos": "np.cos", "F.sign": "np.sign", "logical_not": "~", "neg": "-", "sigmoid": "sigmoid",
}  # fmt: skip
PRODUCTS = ("matmul", "F.matmul")
BROADCASTS = frozenset(SIGNS) - {*PRODUCTS} | {
    "maximum", "where", "broadcast_to", "F.spread", "F.where", "F.one_at", "F.larger", "F.shifted",
}  # fmt: skip

BINDS = {"**": 5, "@": 4, "*": 4, "/": 4, "+": 3, "-": 3, "&": 2, "|": 1}
ATOM = 9  # binds closer than any operator


class Text(str):
    """A piece of the program, and how closely it binds."""

    binds: int

    def __new__(cls, text: str, binds: int = ATOM) -> Text:
        made = super().__new__(cls, text)
        made.binds = binds
        return made


Read = Callable[[Value], Text]


def _atom(text: Text) -> str:
    return text if text.binds == ATOM else f"({text})"


class Operations:
    """The words, and which helpers they have used."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.used: set[str] = set()

    def once(self, v: Value, read: Read) -> Text:
        """A value of one step, or a whole."""
        found = self._said(v, read, 0)
        assert found is not None, v.op
        return found

    def for_all_steps(self, v: Value, read: Read) -> Text | None:
        """A timed value at all its steps, the axis of time in front; None if NumPy has no operation for that."""
        return self._said(v, read, 1)

    def _said(self, v: Value, read: Read, time: int) -> Text | None:
        given = [self._aligned(i, v, read(i), time) for i in v.inputs]
        if v.op in SIGNS and not (
            v.op in PRODUCTS and time and v.inputs[1].lane is None and v.inputs[0].lane and v.inputs[1].ndim == 2
        ):
            sign = SIGNS[v.op]
            for k, i in enumerate(v.inputs):
                if i.op == "number" and i.dtype is not None and v.inputs[1 - k].dtype != i.dtype:
                    given[k] = Text(f"np.{i.dtype}({given[k]})")
            binds = BINDS.get(sign, 0)
            left = given[0] if given[0].binds >= binds > 2 and sign != "**" else _atom(given[0])
            closer = binds + (sign not in ("+", "*"))  # a + (b + c) may lose its brackets, a - (b - c) may not
            right = (
                given[1]
                if given[1].binds >= max(closer, 3) and not (sign == "*" and given[1].binds == binds)
                else _atom(given[1])
            )
            return Text(f"{left} {sign} {right}", binds)
        if v.op in ("neg", "logical_not"):
            return Text(f"{CALLS[v.op]}{_atom(given[0])}", 4)
        text = self._text(v, given, time)
        if text is None:
            return None
        loose = {"F.tanh_slope": 4, "F.sigmoid_slope": 4, "F.shifted": 3, "F.larger": 3, "pow": 5, "F.power": 5, "F.product": 4}
        return Text(text, loose.get(v.op, ATOM))

    def summed(self, v: Value) -> bool:
        """Whether the sum of a value over the steps is one operation with what is summed."""
        return v.op == "F.unbroadcast" or (v.op == "F.product" and v.args[2] == 2)

    def total(self, v: Value, read: Read) -> Text:
        """The sum of a timed value over its steps."""
        if v.op == "F.product" and self.summed(v):
            a, g = (read(i) for i in v.inputs)
            return Text(f"{self.call('rows', a)}.T @ {self.call('rows', g)}", BINDS["@"])
        if v.op == "F.unbroadcast":
            return Text(self.call("summed_to", read(v.inputs[0]), self.sizes.of_result(v.shape)))
        return Text(f"{_atom(read(v))}.sum(axis=0)")

    def as_array(self, v: Value, like: Value, read: Read, mixed: bool) -> str:
        """A gradient in the precision of its parameter, in a program of more than one precision."""
        if v.op == "number":
            return f"np.{like.dtype}({read(v)})"
        return f"{_atom(read(v))}.astype(np.{like.dtype}, copy=False)" if mixed else read(v)

    def call(self, name: str, *given: str) -> str:
        self.used.add(name)
        return f"{name}({', '.join(given)})"

    def _text(self, v: Value, bare: list[Text], time: int) -> str | None:
        """`time` is 1 if all steps are meant, and shifts every axis."""
        op, args = v.op, v.args
        bare = [
            Text(f"np.{i.dtype or v.dtype}({text})") if i.op == "number" else text for i, text in zip(v.inputs, bare, strict=True)
        ]
        given = [_atom(text) for text in bare]
        plain = [text for k, text in enumerate(given) if k not in slots(args)]
        shape = self.sizes.shape(v.shape, v.lane if time else None)
        if op == "zeros":
            return f"np.zeros({shape}{dtype_of(args[1])})"
        if op in PRODUCTS:
            self.used.add("rows")
            return self.call("times", *bare)
        if op in CALLS:
            return self.call(CALLS[op], *bare)
        if op == "relu":
            return f"np.maximum({bare[0]}, 0)"
        if op == "F.tanh_slope":
            return f"{given[0]} * (1 - {given[1]} * {given[1]})"
        if op == "F.sigmoid_slope":
            return f"{given[0]} * {given[1]} * (1 - {given[1]})"
        if op == "F.shifted":
            return f"{given[0]} + {given[1]}"
        if op == "F.larger":
            return f"({given[0]} > {given[1]}) + 0.5 * ({given[0]} == {given[1]})"
        if op in ("pow", "F.power"):
            exponent = args if op == "pow" else args[1]
            return given[0] if exponent == 1 else f"{given[0]} ** {exponent!r}"
        if op == "where":
            return f"np.where({_setting(args, bare)}, {bare[0]}, {bare[1]})"
        if op == "F.where":
            return f"np.where({_setting(args[0], bare)}, {_setting(args[1], bare)}, 0)"
        if op == "F.one_at":
            return f"np.where({_setting(args[0], bare)}, 1, {_setting(args[1], bare)})"
        if op == "largest":
            if not isinstance(args, tuple):
                floor = f"np.maximum({bare[0]}, 0)"
                return floor if args is None else f"np.exp(-{floor})"
            return f"{given[0]}.max({_axes(args[0], v.ndim, time)}, keepdims=True)"
        if op in ("sum", "max"):
            axes, keep = args
            ndim = v.inputs[0].ndim
            axes = tuple(range(ndim)) if axes is None and time else axes
            settings = [_axes(axes, ndim, time), "keepdims=True" if keep else ""]
            return f"{given[0]}.{op}({', '.join(filter(None, settings))})"
        if op == "F.is_max":
            axes = tuple(range(v.ndim)) if args[1] is None else args[1]
            return self.call("largest", given[0], repr(tuple(a % v.ndim + time for a in axes)))
        if op in ("cumsum", "F.cumsum"):
            return f"{given[0]}.cumsum(axis={(args if op == 'cumsum' else args[1]) + time})"
        if op in ("reshape", "F.reshape"):
            return f"{given[0]}.reshape({shape})"
        if op in ("transpose", "F.transpose"):
            axes = args if op == "transpose" else args[1]
            return f"{given[0]}.transpose({(0, *(a + 1 for a in axes)) if time else axes})"
        if op in ("broadcast_to", "F.spread"):
            return f"np.broadcast_to({bare[0]}, {shape})"
        if op == "F.swap":
            return f"{given[0]}.swapaxes(-1, -2)" if v.ndim + time > 2 else f"{given[0]}.T"
        if op == "F.product":
            if args[2] == 2 < v.inputs[0].ndim:
                if time:
                    return None
                return f"{self.call('rows', given[0])}.T @ {self.call('rows', given[1])}"
            return f"{given[0]}.swapaxes(-1, -2) @ {given[1]}" if time or v.ndim > 2 else f"{given[0]}.T @ {given[1]}"
        if op == "F.unbroadcast":
            return self._unbroadcast(v, given[0], time)
        if op in ("concat", "stack") and time and any(i.lane is None for i in v.inputs):
            return None
        if op == "concat":
            return f"np.concatenate([{', '.join(bare)}], axis={args[0] + time})"
        if op == "stack":
            return f"np.stack([{', '.join(bare)}], axis={args + time})"
        if op in ("getitem", "take"):
            if time and v.inputs[0].lane is None and op == "getitem":
                return None  # another part of a whole at each step
            if op == "take":
                return None if time and v.inputs[0].lane else f"{plain[0]}[{_setting(args, given)}]"
            key = self._key(args, v, given, time)
            return None if key is None else f"{plain[0]}[{key}]"
        if op in ("place", "F.place"):
            key = self._key(args[1] if op == "F.place" else args[0], v, given, time)
            shape = shape if v.lane else self.sizes.of_result(v.shape)
            return None if key is None else self.call("placed", given[0], f"np.s_[{key}]", shape)
        raise NotImplementedError(op)

    def _aligned(self, i: Value, v: Value, text: Text, time: int) -> Text:
        """A timed value with fewer axes than what it meets: its axis of time stays in front."""
        ndim = v.ndim if v.op in BROADCASTS else max(u.ndim for u in v.inputs) if v.op in (*PRODUCTS, "F.product") else 0
        if time and i.lane and i.ndim < ndim:
            return Text(f"{_atom(text)}[:, {', '.join(['None'] * (ndim - i.ndim))}]")
        return text

    def _unbroadcast(self, v: Value, given: str, time: int) -> str:
        if not time:
            return self.call("summed_to", given, self.sizes.of_result(v.shape))
        wide = v.inputs[0].shape
        inner = len(wide) - v.ndim
        text = f"{given}.sum(axis={tuple(range(1, 1 + inner))})" if inner else given
        ones = tuple(k + 1 for k, n in enumerate(v.shape) if n == 1 and wide[inner + k] != 1)
        return f"{text}.sum(axis={ones}, keepdims=True)" if ones else text

    def _key(self, key: Any, v: Value, given: Sequence[str], time: int) -> str | None:
        """An index in brackets; for all steps, its own index of time in front."""
        parts = key if isinstance(key, tuple) else (key,)
        texts = [_index(part, given) for part in parts]
        if not time:
            return ", ".join(texts) or "()"
        arrays = [v.inputs[part] for part in parts if type(part) is Slot]
        places = [k for k, part in enumerate(parts) if type(part) in (Slot, int)]
        if arrays and places != list(range(places[0], places[0] + len(places))):
            return None  # NumPy would move their axes to the front
        if not any(i.lane for i in arrays):
            return ", ".join([":", *texts])
        if places[0] or any(i.lane is None or i.dtype.kind == "b" for i in arrays) or v.lane is None:
            return None
        own = ", ".join([":", *["None"] * max(i.ndim for i in arrays)])
        return ", ".join([f"np.arange({self.sizes.of(v.lane)})[{own}]", *texts])


def dtype_of(dtype: Any) -> str:
    """How an array of that dtype is asked for: float64 is what NumPy makes by itself."""
    return "" if dtype == "float64" else f", np.{dtype}"


def _axes(axes: tuple[int, ...] | None, ndim: int, time: int) -> str:
    if axes is None:
        return ""
    counted = tuple(a % ndim + time for a in axes)
    return f"axis={counted[0] if len(counted) == 1 else counted}"


def _setting(part: Any, given: Sequence[str]) -> str:
    return given[part] if type(part) is Slot else repr(part)


def _index(part: Any, given: Sequence[str]) -> str:
    if type(part) is Slot:
        return given[part]
    if isinstance(part, slice):
        ends = ["" if end is None else str(end) for end in (part.start, part.stop, part.step)]
        return ":".join(ends if ends[2] else ends[:2])
    return "..." if part is ... else repr(part)
