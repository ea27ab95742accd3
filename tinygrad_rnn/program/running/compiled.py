"""A function of a model and a batch that is recorded once and run as a program from then on.

The first call of a structure is recorded, and is the eager run that it would have been. The second is recorded too: what neither came
from the batch nor from the model must be the same in both, and the program must give what eager mode gives. From then on the program
runs; one call in a thousand is compared again. A call whose structure, or a condition on whose data, was not met before is recorded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.primitives import concat
from ...engine.scopes import Change, current_mode
from ...engine.tensor import Tensor
from ...errors import GraphError
from ...replay.from_loss import snapshot
from ...shared.array_type import Array
from ...shared.checks import check_flags, check_kind
from ..buffered import buffered_text
from ..distribute import distributed
from ..from_loss import passed
from ..machine import CannotBeC
from ..machine import native as machine_code
from ..numpy_text import numpy_text
from ..roll import rolled
from ..run_text import function_of
from ..values import Program, Value
from .chance import Chance
from .entry import Entry, close, differ, source_of, targets
from .noted import Given, Noted, Recording, noted, plain
from .structure import Opaque, key_of, settings_of, taken_apart, together

__all__ = ["Compiled", "compile"]

AGAIN = (10, 100, 1000)  # calls of a program that are compared with eager mode, besides the second and every thousandth
MOST = 64  # programs of one function that are kept


def compile(function: Callable[..., Any], *, backward: bool = True, native: bool = False) -> Compiled:
    """A function of a model and a batch, `loss_of(model, batch)`, that runs as a program from its third call on.

    `step(model, batch)` gives the loss and adds to the `.grad` of the parameters what `loss_of(model, batch).backward()` adds. The loss
    has no graph of its own any more. `loss_of(model, batch, state)` that returns `(loss, state)` carries a state; it comes back
    detached. With `backward=False` the function may return any tensor, and no gradient is computed.

    With `native`, loops are machine code where a C compiler is there; else NumPy's program runs, and the report says why.

    What the function does besides, such as printing or adding to a list, happens in calls that are recorded, and not in the others.

    `step.source` is the printed program, `step.report` says what was rolled and what runs eagerly and why. Nothing is assumed of a
    batch: what was not recorded before is recorded, what cannot be a program runs eagerly. Raises `GraphError` if a program gives
    something else than eager mode does.

    >>> import numpy as np, tinygrad_rnn as tg
    >>> rng = np.random.default_rng(0)
    >>> cell = tg.nn.LSTMCell(2, 8, rng=rng)
    >>> def loss_of(cell, x):
    ...     hs, _ = tg.nn.unroll(cell, x)
    ...     return (hs[-1] ** 2).sum()
    >>> step = tg.compile(loss_of)
    >>> for _ in range(4):
    ...     loss = step(cell, rng.standard_normal((4, 30, 2)))
    >>> print(step.report)
    1 program, run 2 times; 2 calls were recorded.
    LSTMCell, step 1 to 30, forwards: 17 values in a loop.
    LSTMCell, step 1 to 30, backwards: 16 values in a loop.
    """
    if not callable(function):
        check_kind("compile of", function, Callable, "give the function itself: tg.compile(loss_of)")
    check_flags("compile", backward=backward, native=native)
    return Compiled(function, backward, native)


class Compiled:
    """What `tg.compile` returns: call it as the function. Its programs belong to it; one may be used by several threads."""

    def __init__(self, function: Callable[..., Any], backward: bool, native: bool) -> None:
        self.function, self.backward, self.native = function, backward, native
        self.without_c = ""  # why there is no machine code
        self.programs: dict[Any, list[Entry]] = {}
        self.functions: dict[str, Callable[..., Any]] = {}
        self.trusted: set[str] = set()  # texts that were compared, and read nothing unknown
        self.reason = ""  # why it runs eagerly
        self.last: Entry | None = None
        self.runs = self.recordings = 0
        self.lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<Compiled {getattr(self.function, '__name__', 'function')}: {self.report.splitlines()[0]}>"

    @property
    def source(self) -> str:
        """The program that ran last, as text; empty before there is one."""
        return "" if self.last is None else self.last.text

    @property
    def program(self) -> Program | None:
        """The program that ran last."""
        return None if self.last is None else self.last.program

    @property
    def report(self) -> str:
        """What was rolled, how often programs ran, and why something runs eagerly."""
        if self.reason:
            return f"It runs eagerly: {self.reason}."
        count = sum(map(len, self.programs.values()))
        lines = [f"{count} program{'' if count == 1 else 's'}, run {self.runs} times; {self.recordings} calls were recorded."]
        if self.without_c:
            lines.append(f"Without machine code: {self.without_c}.")
        return "\n".join([*lines, *(_told(self.last.program) if self.last is not None else [])])

    def __call__(self, model: Any, batch: Any, *state: Any) -> Any:
        with self.lock:
            return self._called(model, batch, state)

    def _called(self, model: Any, batch: Any, state: tuple[Any, ...]) -> Any:
        mode = current_mode()
        if self.reason or mode.watching or (self.backward and not mode.recording):
            return self._eager(model, batch, state)
        arrays: list[Array] = []
        try:
            skeleton = taken_apart((batch, *state), arrays)
        except Opaque as why:
            self.reason = str(why)
            return self._eager(model, batch, state)
        tensors = _tensors(model)
        if any(t.node is not None and t.node.hooks for t in tensors):
            return self._eager(model, batch, state)  # a hook wants to see each gradient
        key = repr((key_of(skeleton), settings_of(model, set())))
        for entry in self.programs.get(key, ()):
            if entry.verified and not _is_due(entry.calls + 1):
                arguments = entry.bound(arrays, None)
                if arguments is not None:
                    entry.calls += 1
                    self.last, self.runs = entry, self.runs + 1
                    return self._finished(entry, entry.run(*arguments))
        return self._recorded(model, skeleton, arrays, key, tensors)

    def _eager(self, model: Any, batch: Any, state: tuple[Any, ...]) -> Any:
        result = self.function(model, batch, *state)
        if self.backward:
            (result[0] if isinstance(result, tuple) else result).backward()
        return _detached(result)

    def _recorded(self, model: Any, skeleton: Any, arrays: list[Array], key: str, tensors: list[Tensor]) -> Any:
        """One call in eager mode, and the program of it."""
        self.recordings += 1
        recording = Recording()
        given = [noted(array, Given(k), recording) for k, array in enumerate(arrays)]
        before = [None if t.node is None else t.node.grad for t in tensors]
        chance = Chance(self.function, model)
        with recording.noting():
            result = self.function(model, *together(skeleton, given))
        if chance.drew_more_than(recording):
            recording.refuse("it draws random numbers of its own, which are not seen")
        entry = self._entry(result, recording, tensors)
        if self.backward:
            (result[0] if isinstance(result, tuple) else result).backward()
            for t in tensors:
                if t.node is not None and type(t.node.grad) is Noted:
                    t.node.grad = plain(t.node.grad)
        if entry is not None:
            self._kept(entry, key, arrays, recording, result, before, tensors)
        return _detached(result)

    def _entry(self, result: Any, recording: Recording, tensors: list[Tensor]) -> Entry | None:
        """The program of what was recorded; None, with a reason, if it is none."""
        results: list[Tensor] = []
        try:
            if recording.refused:
                raise Opaque(recording.refused)
            skeleton = taken_apart(result, results, recorded=True)
            if not results or any(t.node is None or not t.node.parents for t in results):
                raise Opaque("a result was not computed from weights")
            with Change((), recording=True, at_top=True):
                bundle = concat([part.reshape(1, 1, -1) for part in results], 2)
            graph = snapshot(bundle, np.zeros(bundle.shape))
            with recording.noting():  # what the steps read is put together
                program = rolled(graph)
            values = [part.inputs[0] for part in program.loss.inputs]
            others = values[1:] if self.backward else values
            outputs = {
                Value("output", (), None, v.shape, None, "state" if self.backward else "result", v.dtype): v for v in others
            }
            program = passed(Program(program.values, values[0], outputs), self.backward)
            text = numpy_text(program)
        except (Opaque, NotImplementedError, GraphError) as why:
            self.reason = str(why).split("\n")[0] or type(why).__name__
            return None
        if text not in self.functions:
            self.functions[text] = self._function(program)
        by_array = {id(t._array): t for t in tensors}
        sources = [by_array[id(v.array)] if id(v.array) in by_array else source_of(v.array) for v in program.given]
        return Entry(program, text, self.functions[text], sources, recording, skeleton)

    def _function(self, program: Program) -> Callable[..., Any]:
        """What runs: with its loops as machine code if that was asked for and can be had, else with buffers."""
        if self.native:
            try:
                return machine_code(program)
            except CannotBeC as why:
                self.without_c = why.message
        return function_of(buffered_text(program), {})

    def _kept(
        self,
        entry: Entry,
        key: str,
        arrays: list[Array],
        recording: Recording,
        result: Any,
        before: list[Any],
        tensors: list[Tensor],
    ) -> None:
        """Keep the program of a first call; compare that of a second one with it, and both with eager mode."""
        known = self.programs.setdefault(key, [])
        for old in known:
            arguments = old.bound(arrays, recording.drawn) if len(old.draws) == len(recording.drawn) else None
            if arguments is None:
                continue
            if why := differ(old, entry):
                self.reason = why
                return
            self._compare(old, arguments, result, before, tensors)
            old.verified, old.calls = True, old.calls + 1
            if not any(isinstance(s, np.ndarray) for s in old.sources):
                self.trusted.add(old.text)
            return
        entry.verified, entry.calls = entry.text in self.trusted and not any(isinstance(s, np.ndarray) for s in entry.sources), 1
        if sum(map(len, self.programs.values())) >= MOST:
            self.programs.pop(next(iter(self.programs)))
            known = self.programs.setdefault(key, [])
            kept = {old.text: old.run for entries in self.programs.values() for old in entries}
            self.functions = kept | {entry.text: entry.run}
            self.trusted &= self.functions.keys()
        known.append(entry)

    def _compare(self, entry: Entry, arguments: list[Array], result: Any, before: list[Any], tensors: list[Tensor]) -> None:
        """Raise `GraphError` where the program gives something else than eager mode gave."""
        with np.errstate(all="ignore"):
            value, results = entry.run(*arguments)
        expected: list[Tensor] = []
        taken_apart(result, expected, recorded=True)
        wrong = "" if close(value, expected[0]._array) else "the loss" if self.backward else "the result"
        if self.backward:
            expected = expected[1:]
        by_id = {id(t): k for k, t in enumerate(tensors)}
        for (target, tensor), g in zip(targets(entry), results, strict=True):
            if target.op == "output" and not close(g, expected.pop(0)._array):
                wrong = wrong or "what is returned"
            elif type(tensor) is Tensor and tensor.node is not None:
                old, now = before[by_id[id(tensor)]], tensor.node.grad
                added = now if old is None or now is None else now - old
                if not wrong and (added is None or not close(g, added, now)):
                    wrong = f"the gradient of {target.name}"
        if wrong:
            raise GraphError(
                f"{wrong} of the compiled {getattr(self.function, '__name__', 'function')} is not what eager mode gives",
                hint="leave compile out; what it depends on besides model and batch must not change from call to call",
            )

    def _finished(self, entry: Entry, found: Any) -> Any:
        """The results of a program, where the caller expects them."""
        value, results = found
        returned = [np.array(value)] if self.backward else []
        given: set[int] = set()  # arrays that one parameter has already
        for (target, tensor), g in zip(targets(entry), results, strict=True):
            if target.op == "output":
                returned.append(np.array(g))
            elif type(tensor) is Tensor and tensor.node is not None:
                grad = tensor.node.grad
                if grad is None:
                    tensor.node.grad = np.array(g) if type(g) is not np.ndarray or g.base is not None or id(g) in given else g
                else:
                    tensor.node.grad = grad + g
                given.add(id(g))
        return together(entry.skeleton, returned)


def _is_due(call: int) -> bool:
    return call in AGAIN or call % AGAIN[-1] == 0


def _tensors(model: Any) -> list[Tensor]:
    if not hasattr(model, "named_parameters"):
        return []
    found = [*(p for _, p in model.named_parameters())]
    return [*found, *(b for _, b in model.named_buffers())] if hasattr(model, "named_buffers") else found


def _detached(result: Any) -> Any:
    """What is returned, without its history."""
    tensors: list[Tensor] = []
    skeleton = taken_apart(result, tensors, recorded=True)
    return together(skeleton, [plain(t._array) for t in tensors])


def _told(program: Program) -> list[str]:
    """The loops of a program, in words."""
    lines = []
    for block in distributed(program):
        if block.lane is not None and block.direction:
            way = "forwards" if block.direction == 1 else "backwards"
            scope, first, last = block.lane
            lines.append(f"{scope}, step {first} to {last}, {way}: {len(block.values)} values in a loop.")
    return lines or ["No steps were alike: it runs in straight lines."]
