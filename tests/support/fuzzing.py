"""Every public callable, called as the examples of the docstrings call it, with one argument spoiled.

An example in a docstring is a valid call: its places are found in its syntax tree, and each public callable met there is also called
with one argument at a time replaced by something that no caller should give. What comes of it is one of `OUTCOMES`. Every argument of
every callable gets equally many wrong values, however often it is met. A new public name is fuzzed as soon as it has an example.

`python tests/support/fuzzing.py [ROOM]` prints what went wrong, by place in the package.
"""

import ast
import contextlib
import doctest
import importlib
import io
import operator
import os
import pkgutil
import signal
import sys
import tempfile
import traceback
import types
import warnings
from collections import Counter
from dataclasses import dataclass, field, is_dataclass
from decimal import Decimal
from fractions import Fraction
from inspect import signature
from itertools import islice
from pathlib import Path

import numpy as np

import tinygrad_rnn as tg

PACKAGE = Path(tg.__file__).parent
EXAMPLE = "example of "  # how the file of compiled examples is called
OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.MatMult: operator.matmul,
    ast.Pow: operator.pow,
}  # fmt: skip
# what no docstring calls by name: methods, and functions whose fellow shows how
MORE = """
import numpy as np, tinygrad_rnn as tg
rng = np.random.default_rng(0)
x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
tg.abs(x), tg.add(x, 1.0), tg.broadcast_to(x, (3, 2, 2)), tg.div(x, 2.0), tg.exp(x), tg.functional.mean(x, axis=0, keepdims=True)
tg.getitem(x, 0), tg.matmul(x, x), tg.max(x, axis=0, keepdims=True), tg.maximum(x, 0.0), tg.mul(x, 2.0), tg.neg(x), tg.pow(x, 2.0)
tg.relu(x), tg.reshape(x, (4,)), tg.sub(x, 1.0), tg.transpose(x, (1, 0))
x.abs(), x.exp(), x.log(), x.max(axis=0, keepdims=True), x.mean(axis=0, keepdims=True), x.relu(), x.reshape(4), x.sigmoid(), x.tanh()
x.min(axis=0), x.var(axis=0, ddof=1), x.std(axis=0, ddof=1), x.clip(0.0, 2.0), x.argmax(0), x.unsqueeze(0).squeeze(0), x.sum(axis=0)
tg.sin(x), tg.cos(x), tg.nn.init.ones((2, 2)), tg.nn.DotAttention(scale=True)
x.transpose(1, 0), x.detach(), x.numpy(), x.zero_grad(), (x * x).retain_grad(), x.replace(np.ones((2, 2)))
(x * x).sum().backward(np.ones(()), keep_graph=True)
inputs, tokens = np.zeros((3, 2, 4)), np.array([[0, 1, 2], [2, 1, 0]])
step = tg.Tensor(np.zeros((2, 4)))
layer = tg.nn.LSTM(4, 5, rng=rng)
outputs, state = layer(inputs, None)
tg.nn.LayerNormLSTMCell(4, 5, rng=rng).step(step, (np.zeros((2, 5)), np.zeros((2, 5))))
tg.nn.LayerNormGRUCell(4, 5, rng=rng).step(step, (np.zeros((2, 5)),))
tg.nn.LayerNormRNNCell(4, 5, rng=rng).step(step, (np.zeros((2, 5)),))
tg.nn.PeepholeLSTMCell(4, 5, rng=rng).step(step, (np.zeros((2, 5)), np.zeros((2, 5))))
tg.nn.PeepholeLSTMCell(4, 5, rng=rng).initial_state(2)
tg.nn.LSTMCell(4, 5, rng=rng).step(step, (np.zeros((2, 5)), np.zeros((2, 5))))
tg.nn.GRUCell(4, 5, rng=rng).step(step, (np.zeros((2, 5)),))
tg.nn.LSTMCell(4, 5, rng=rng)(step, (np.zeros((2, 5)), np.zeros((2, 5))))
tg.nn.LSTMCell(4, 5, rng=rng).initial_state(2)
tg.nn.Bidirectional(tg.nn.RNNCell(4, 5, rng=rng), tg.nn.RNNCell(4, 5, rng=rng))(list(inputs), None)
tg.nn.Stacked([tg.nn.RNNCell(4, 5, rng=rng), tg.nn.RNNCell(5, 5, rng=rng)])(list(inputs), None)
tg.nn.Residual(tg.nn.RNNCell(4, 4, rng=rng))(list(inputs), None)
tg.nn.Dropout(0.5, rng=rng)(list(inputs))
tg.nn.Embedding(3, 4, rng=rng)(tokens)
tg.nn.Linear(4, 3, rng=rng)(step)
tg.nn.StandardScaler(4).fit(np.ones((2, 3, 4)), [3, 2]).inverse_transform(step)
tg.nn.GridLSTM(4, 5, depth=2, rng=rng)(list(inputs), None)
tg.nn.GridLSTMCell(2, 4, rng=rng)([(step, step), (step, step)])
tg.nn.Grid(4, 5, 2, 2, rng=rng)(np.zeros((2, 2, 1, 4)))
tg.nn.AttentionPooling(4, rng=rng)(list(map(tg.Tensor, inputs)), [3, 2])
tg.nn.AdditiveAttention(4, 4, 3, rng=rng)(step, inputs.swapaxes(0, 1), mask=np.ones((2, 3), bool))
words = tg.data.vocab.CharVocabulary.from_text("abc")
writer = tg.nn.CharModel(words, tg.nn.GRU(4, 5, rng=rng), features=4, rng=rng)
writer(tokens, writer.start(2))
writer.step(np.array([0, 1]), writer.start(2))
tg.generate(writer, "a", 3, rng=rng)
table, reader, writer = tg.nn.Embedding(3, 4, rng=rng), tg.nn.GRU(4, 5, rng=rng), tg.nn.GRU(4, 5, rng=rng)
translator = tg.nn.Seq2Seq(reader, writer, tg.nn.Linear(5, 3, rng=rng), source=table, target=table)
translator(tokens, tokens, lengths=[3, 3])
translator.encode(tokens, lengths=[3, 3])
translator.decoding(tokens[:1], lengths=[3]).step(np.array([0]), translator.decoding(tokens[:1]).start(1))
tg.generate(translator.decoding(tokens, lengths=[3, 2]), [[0], [0]], 3, method="greedy", stop=1, allowed=[0, 1])
tg.beam_search(translator.decoding(tokens[:1]), [0], 3, beams=2, stop=1, allowed=[0, 1])
layer.load_state_dict(layer.state_dict())
layer.train(True), layer.zero_grad()
tg.nn.init.identity((2, 2)), tg.nn.init.normal(rng, (2, 2)), tg.nn.init.uniform(rng, (2, 2), 0.1), tg.nn.init.zeros((2, 2))
optimizer = tg.optim.Adam(layer.parameters(), lr=0.1)
optimizer.zero_grad(), optimizer.load_state_dict(optimizer.state_dict())
picture = tg.draw((x * x).sum(), theme="light")
picture.to_graphviz(), picture.describe(), picture.save("picture.svg"), picture.svg(animated=True)
open("names.txt", "w", encoding="utf-8").write("Anna")
tg.data.files.read_names("names.txt"), tg.data.files.read_text("names.txt")
"""
OUTCOMES = ("taken", "own error", "own error without a hint", "bare error", "hang")
PATIENCE = 20  # seconds after which a call counts as one that hangs


class ForeignTensor:
    """A tensor of another library, which carries a gradient and will not be turned into an array."""

    requires_grad = True
    shape, ndim, dtype = (2,), 1, "torch.float32"

    def detach(self):
        return self

    def __len__(self):
        return 2

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


def _used_up():
    used = iter([1.0])
    next(used)
    return used


# each is made anew for every call; a huge whole number stands only where no count is asked for, since a count of that size is a wish
WRONG = {
    "None": lambda: None,
    "a text": lambda: "no",
    "an empty text": lambda: "",
    "bytes": lambda: b"\xff\x00",
    "a text with NUL": lambda: "a\0b",
    "NaN": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "-1": lambda: -1,
    "0": lambda: 0,
    "2.5": lambda: 2.5,
    "True": lambda: True,
    "1e308": lambda: 1e308,
    "huge": lambda: 10**400,
    "complex": lambda: 1 + 2j,
    "a fraction": lambda: Fraction(1, 3),
    "a decimal": lambda: Decimal("0.1"),
    "an empty list": lambda: [],
    "a ragged list": lambda: [[1.0, 2.0], [3.0]],
    "a mixed tuple": lambda: (1, "a"),
    "a list of None": lambda: [None, None],
    "a dict": lambda: {"a": 1},
    "an empty dict": lambda: {},
    "a set": lambda: {1, 2},
    "a slice": lambda: slice(0, 1),
    "a type": lambda: int,
    "an object": object,
    "a function": lambda: lambda *given, **options: None,
    "a generator": lambda: (k for k in range(2)),
    "a used-up iterator": _used_up,
    "NaN in an array": lambda: np.array([np.nan, 1.0]),
    "an empty array": lambda: np.zeros((0, 3)),
    "an array of three axes": lambda: np.ones((2, 3, 4)),
    "an array of text": lambda: np.array(["a", "b"]),
    "an array of objects": lambda: np.array([None, 1], dtype=object),
    "an array of dates": lambda: np.array(["2020-01-01"], dtype="M8[D]"),
    "complex numbers": lambda: np.ones(2, complex),
    "a masked array": lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    "a recorded tensor": lambda: tg.Tensor([[1.0, 2.0, 3.0]], requires_grad=True) * 2,
    "a number that is recorded": lambda: tg.Tensor(1.0, requires_grad=True) * 2,
    "a tensor of another library": ForeignTensor,
    "a module": lambda: tg.nn.Linear(2, 3, rng=np.random.default_rng(0)),
}


class HangError(BaseException):
    """Raised by the alarm; nothing catches it on its way."""


@dataclass
class Report:
    """What came of all calls: outcomes counted, callables that were reached, and a line for each thing that went wrong."""

    outcomes: Counter = field(default_factory=Counter)
    reached: set = field(default_factory=set)
    wrong: list = field(default_factory=list)  # (outcome, place in the package, what was called with what)
    without: set = field(default_factory=set)  # examples that ended where an extra is not installed

    @property
    def calls(self):
        return self.outcomes.total()

    @property
    def missed(self):
        """The public callables with arguments that no example calls; to call a module is to call its `forward`."""
        forwards = {name.removesuffix("()") + ".forward" for name in self.reached if name.endswith("()")}
        asked = {value: name for value, name in public().items() if _has_arguments(value)}
        apart = {name for value, name in asked.items() if any(done.startswith(f"{value.__module__}.") for done in self.without)}
        return sorted({*asked.values()} - self.reached - forwards - apart)


def public():
    """{callable: its name} of all that a user is shown: names on the faces, and the public methods of their classes."""
    found, modules, todo = {}, set(), [("tg", tg)]
    while todo:
        path, module = todo.pop()
        if id(module) in modules:
            continue
        modules.add(id(module))
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, types.ModuleType):
                todo.append((f"{path}.{name}", value))
            elif isinstance(value, type) and issubclass(value, BaseException):
                continue
            elif callable(value):
                if not _is_record(value):
                    found.setdefault(value, f"{path}.{name}")
                for key, method in vars(value).items() if isinstance(value, type) else ():
                    if not key.startswith("_") and isinstance(method, (types.FunctionType, classmethod, staticmethod)):
                        found.setdefault(getattr(method, "__func__", method), f"{path}.{name}.{key}")
    return found


def _is_record(value):
    """Whether it is a class whose instances are only given, never made by a user, or that says what another class must have."""
    return isinstance(value, type) and (is_dataclass(value) or issubclass(value, tuple) or getattr(value, "_is_protocol", False))


def _has_arguments(value):
    """Whether there is anything to spoil; the name of a type cannot be called."""
    return isinstance(value, type | types.FunctionType) and bool({"self", *signature(value).parameters} - {"self"})


def examples():
    """(name, [statement and whether it is shown to fail]) of every docstring with examples, in the order of the files."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for info in sorted(pkgutil.walk_packages([str(PACKAGE)], "tinygrad_rnn."), key=lambda info: info.name):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for test in sorted(finder.find(module, globs={}), key=lambda test: test.name):
            if test.examples:
                yield test.name, [(example.source, example.exc_msg is not None) for example in test.examples]


class _Sites(ast.NodeTransformer):
    """Replaces each call and each operator by `__called__(number, function, arguments)`."""

    def __init__(self):
        self.count = 0

    def _call(self, node, function, args, keywords):
        self.count += 1
        given = [ast.Constant(self.count - 1), function, *args]
        return ast.copy_location(ast.Call(ast.Name("__called__", ast.Load()), given, keywords), node)

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return node
        return self._call(node, node.func, node.args, node.keywords)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if type(node.op) not in OPERATORS:
            return node
        function = ast.Attribute(ast.Name("__operator__", ast.Load()), OPERATORS[type(node.op)].__name__, ast.Load())
        return self._call(node, function, [node.left, node.right], [])


class Left:
    """Which wrong values each argument of each callable has not met yet."""

    def __init__(self, seed, share):
        self.rng, self.share, self.kinds = np.random.default_rng(seed), share, {}

    def take(self, name, place):
        if (name, place) not in self.kinds:
            self.kinds[name, place] = list(self.rng.permutation(list(WRONG))[: self.share])
        taken, self.kinds[name, place] = self.kinds[name, place], []
        return taken

    def any(self, name, places):
        """Whether one of these arguments of it still waits for a wrong value."""
        return any(self.kinds.get((name, place), True) for place in places)


class Fuzzer:
    """Runs one example: once to see which places call something public, then once for every such place."""

    def __init__(self, name, statements, names, left):
        self.name, self.names, self.left = name, names, left
        sites = _Sites()
        self.code = []
        for source, fails in statements:
            tree = ast.fix_missing_locations(
                sites.visit(ast.parse(source, mode="single" if "\n" not in source.strip() else "exec"))
            )
            self.code.append(
                (compile(tree, f"{EXAMPLE}{name}", "single" if isinstance(tree, ast.Interactive) else "exec"), fails)
            )
        self.found = {}  # site: (the name of what it calls, its arguments)

    def run(self, at=None, report=None):
        """The example from its start; at one place, when it is first met, also all the wrong calls."""

        def called(site, function, *args, **options):
            name = self._public(function, args)
            if name and at is None:
                self.found.setdefault(site, (name, [*range(len(args)), *options]))
            elif name and site == at and not done:
                self._spoil(name, function, args, options, report)
                done.append(site)
            return function(*args, **options)

        done = []
        space = {"__name__": "__main__", "__called__": called, "__operator__": operator}
        for code, fails in self.code:
            try:
                exec(code, space)
            except Exception:
                if done:
                    return  # what was spoiled may break the rest of the example
                if not fails:
                    raise

    def _public(self, function, args):
        if getattr(function, "__module__", None) == "_operator":
            return f"Tensor {function.__name__}" if any(isinstance(value, tg.Tensor) for value in args) else None
        plain = getattr(function, "__func__", function)
        try:
            if plain in self.names:
                return self.names[plain]
        except TypeError:
            return None
        for kind in type(function).__mro__:
            if kind in self.names and kind is not tg.Tensor:
                return f"{self.names[kind]}()"
        return None

    def _spoil(self, name, function, args, options, report):
        report.reached.add(name)
        for place in [*range(len(args)), *options]:
            given = args[place] if isinstance(place, int) else options[place]
            for kind in self.left.take(name, place):
                if kind == "huge" and isinstance(given, int):
                    continue
                value = WRONG[kind]()
                if isinstance(place, int):
                    wrong = function, (*args[:place], value, *args[place + 1 :]), options
                else:
                    wrong = function, args, {**options, place: value}
                outcome, where, said = attempt(*wrong)
                report.outcomes[outcome] += 1
                if outcome not in ("taken", "own error"):
                    report.wrong.append((outcome, where, f"{name}: {place} = {kind}: {said} [{self.name}]"))


def attempt(function, args, options):
    """(outcome, place in the package, what was said) of one call; what it gives is entered or begun, if it is lazy."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), _alarm():
            result = function(*args, **options)
            if isinstance(result, types.GeneratorType):
                for _ in islice(result, 3):
                    pass
            elif hasattr(result, "__enter__") and not isinstance(result, io.IOBase):
                with result:
                    pass
    except HangError:
        return "hang", name_of(function), "no end"
    except tg.errors.TinygradRnnError as error:
        return (
            ("own error" if error.hint else "own error without a hint"),
            _deepest(error),
            f"{type(error).__name__}: {error.message}",
        )
    except (Exception, SystemExit) as error:
        where = _deepest(error)
        return ("bare error" if where else "own error"), where, f"{type(error).__name__}: {error}"
    return "taken", "", ""


def name_of(function):
    return getattr(function, "__qualname__", type(function).__name__)


def _deepest(error):
    """The innermost place in the package that an error passed; "" for what Python itself or a function of the example refused."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [k for k, frame in enumerate(frames) if frame.filename.startswith(EXAMPLE)]
    inside = [frame for frame in frames[max(own, default=0) :] if frame.filename.startswith(str(PACKAGE))]
    return f"{Path(inside[-1].filename).relative_to(PACKAGE)}:{inside[-1].lineno} {inside[-1].name}" if inside else ""


@contextlib.contextmanager
def _alarm():
    """Ends what takes too long, where the system has alarms."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(*_):
        raise HangError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fuzz(room="", share=99, seed=0):
    """All examples of the package, or of one room, each spoiled in every place: a `Report`."""
    report, names, left = Report(), public(), Left(seed, share)
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        os.chdir(folder)
        try:
            for name, statements in [*examples(), ("more examples", [(line, False) for line in MORE.splitlines() if line])]:
                if room not in name:
                    continue
                fuzzer = Fuzzer(name, statements, names, left)
                with contextlib.redirect_stdout(io.StringIO()):
                    try:
                        fuzzer.run()
                    except tg.errors.DataError as error:
                        if "not installed" not in error.message:
                            raise
                        report.without.add(name)
                        continue
                    except ModuleNotFoundError:
                        report.without.add(name)
                        continue
                    for site, (called, places) in fuzzer.found.items():
                        if left.any(called, places):
                            fuzzer.run(site, report)
                            tg.default_dtype(np.float64)
        finally:
            os.chdir(before)
    return report


def main():
    report = fuzz(*sys.argv[1:2])
    print(report.calls, dict(report.outcomes))
    places = Counter((outcome, where) for outcome, where, _ in report.wrong)
    shown = {(outcome, where): said for outcome, where, said in report.wrong}
    for (outcome, where), count in sorted(places.items(), key=lambda item: -item[1]):
        print(f"{count:5}  {outcome}  {where}\n       {shown[outcome, where]}")
    print("not reached:", *report.missed)


if __name__ == "__main__":
    main()
