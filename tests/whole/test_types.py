"""What type checkers see of the README's examples, of a learner's own cell and layer, and of mistakes in a call."""

import ast
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import tinygrad_rnn as tg

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
ANNOTATED = {  # a strict checker wants types on functions, and then looks inside
    "def batches(rows, rng=None):": "def batches(rows: npt.NDArray[np.int64], rng: np.random.Generator | None = None) -> list[Batch]:",
    "def loss_of(model, batch):": "def loss_of(model: tg.nn.SequenceClassifier, batch: Batch) -> tg.Tensor:",
}
OWN = """
import numpy.typing as npt
from typing import Any
from tinygrad_rnn import Tensor
from tinygrad_rnn.data.batches import PaddedBatch as Batch

class Cell:
    def initial_state(self, batch: int) -> tuple[Tensor, int]: ...
    def step(self, x: Tensor, state: tuple[Tensor, int]) -> tuple[Tensor, int]: ...

class Layer(tg.nn.SequenceLayer):
    def forward(self, xs: Any, state: int | None = None, reverse: bool = False) -> tuple[list[Tensor], int]: ...

def evaluate(model: tg.nn.SequenceClassifier) -> float: ...
"""
ARRAY = "an array"
TYPES = {  # what both checkers call these, without the modules
    "h": "Tensor",
    "loss": "Tensor",
    "loss.shape": "tuple[int, ...]",
    "loss.T": "Tensor",
    "cell.Wh.grad": f"{ARRAY} | None",
    'graph.along("c")': "dict[int, Record]",
    "parts": f"dict[int | None, {ARRAY}]",
    "picture": "Drawing",
    "model": "SequenceClassifier",
    "model(batch.x, batch.lengths)": "Tensor",
    "tg.train.fit(model, loss_of, lambda rng: batches(train, rng), adam, epochs=5, rng=rng, evaluate=evaluate)": "History",
    "tg.nn.unroll(cell, xs)": "tuple[list[Tensor], tuple[Tensor, Tensor]]",
    "tg.nn.unroll(tg.nn.RNNCell(3, 8, rng=rng), xs)": "tuple[list[Tensor], tuple[Tensor]]",
    "tg.nn.unroll(tg.nn.LayerNormGRUCell(3, 8, rng=rng), tg.nn.pack(xs))": "tuple[PackedSequence, tuple[Tensor]]",
    "tg.nn.unroll(Cell(), xs)": "tuple[list[Tensor], tuple[Tensor, int]]",
    "tg.nn.unroll(Layer(), xs)": "tuple[list[Tensor], int]",
    "Layer()(tg.nn.pack(xs), reverse=True)": "tuple[PackedSequence, int]",
    "tg.nn.LSTM(3, 8, rng=rng)(xs)[0]": "Tensor",
    "tg.nn.LSTM(3, 8, rng=rng)([h])[0]": "list[Tensor]",
    "tg.nn.DotAttention()(h, xs)": "tuple[Tensor, Tensor]",
}
WRONG = """
tg.draw(loss, theme="drak")
tg.draw(loss, detial="op")
tg.draw.compare([loss], title=3)
drawn: int = tg.draw(loss)
tg.nn.RNNCell(3, 8, rng=rng, nonlinearity="tan")
tg.nn.GridLSTM(3, 8, 2, rng=rng, priority="width")
tg.nn.SequenceClassifier(*layers, pooling="lst")
tg.nn.Linear(3, 8, rng=rng)()
model(batch.x, lenghts=batch.lengths)
h, c = tg.nn.unroll(tg.nn.GRUCell(3, 8, rng=rng), xs)[1]
tg.nn.unroll(model, xs)
Layer()(xs, revers=True)
tg.generate(tg.nn.CharModel(4, cell, rng=rng), [1], 5, method="greedily")
tg.train.fit(model, loss_of, [batch], adam, epoch=5)
tg.train.fit(model, evaluate, [batch], adam, epochs=5)
tg.data.grammars.adding(rng, 3, 50, marks="late")
"""


def script():
    """The README's examples and what is asked about them, as one file; the names that they assign."""
    examples = [re.sub(r"^(?!>>>|\.\.\.).*\n|^(>>>|\.\.\.) ?", "", text, flags=re.MULTILINE) for text in BLOCKS if ">>>" in text]
    examples += [text for text in BLOCKS if "reviews.csv" in text]
    source = "\n".join(examples)
    for plain, annotated in ANNOTATED.items():
        assert plain in source
        source = source.replace(plain, annotated)
    targets = [target for node in ast.parse(source).body if isinstance(node, ast.Assign) for target in node.targets]
    names = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    names -= {"_", "right"}  # that comes of an argmax along an axis, which NumPy itself calls Any
    source = source.replace("import numpy as np, tinygrad_rnn as tg\n", f"import numpy as np, tinygrad_rnn as tg\n{OWN}", 1)
    source += "xs = rng.standard_normal((2, 30, 3))\nbatch = batches(test)[0]\n"
    asked = [*sorted(names), *TYPES]
    return source + "".join(f"reveal_type({expression})\n" for expression in asked) + WRONG, asked


def mypy(folder):
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-incremental",
        "--follow-imports=silent",
        "--disable-error-code=empty-body",
    ]
    run = subprocess.run(
        [*command, "learner.py"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    found = re.findall(r"^learner\.py:(\d+): (error|note): (.*)$", run.stdout, re.MULTILINE)
    return [(int(line), kind, text) for line, kind, text in found]


def pyright(folder):
    (folder / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(ROOT)], "reportReturnType": False}))
    run = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "learner.py"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=folder,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
    )
    found = json.loads(run.stdout)["generalDiagnostics"]
    return [(one["range"]["start"]["line"] + 1, one["severity"], one["message"]) for one in found]


def plain(revealed):
    """A type as a checker tells it, without modules; NumPy's own Any, of a shape and a dtype that are not known, is an array."""
    short = re.sub(r"\b\w+\.", "", revealed.removesuffix("."))
    return re.sub(r"ndarray\[(tuple\[Any, \.\.\.\]|Any), dtype\[(\w+|signedinteger\[\w+\])\]\]", ARRAY, short)


@pytest.fixture(scope="module", params=[mypy, pyright], ids=lambda checker: checker.__name__)
def seen(request, tmp_path_factory):
    """What a checker says of the script: types by what was asked, and the lines with an error."""
    checker = request.param
    if find_spec(checker.__name__) is None:
        pytest.skip(f"{checker.__name__} is not installed")
    folder = tmp_path_factory.mktemp(checker.__name__)
    source, asked = script()
    (folder / "learner.py").write_text(source, encoding="utf-8")
    lines, found = source.splitlines(), checker(folder)
    types = {}
    for line, _, text in found:
        told = re.search(r'Revealed type is "(.*)"$|Type of ".*" is "(.*)"$', text, re.DOTALL)
        if told:
            types[lines[line - 1].removeprefix("reveal_type(")[:-1]] = plain(told[1] or told[2])
    assert [*types] == list(dict.fromkeys(asked)), found
    return types, list(dict.fromkeys(lines[line - 1] for line, kind, _ in sorted(found) if kind == "error"))


def test_no_name_of_the_readme_is_any(seen):
    types, _ = seen
    assert {asked: told for asked, told in types.items() if re.search("Any|Unknown", told)} == {}


def test_types_are_the_same_for_both(seen):
    types, _ = seen
    assert {asked: types[asked] for asked in TYPES} == TYPES


def test_mistakes_are_seen_and_nothing_else(seen):
    _, errors = seen
    assert [line for line in errors if "Wh.grad" not in line] == WRONG.split("\n")[1:-1]  # grad is None before backward()


def test_draw_is_known_by_its_name_and_its_words():
    assert tg.draw.__name__ == "draw"
    assert (tg.draw.__doc__ or "").startswith("Draw the graph of a loss")
    assert (tg.draw.compare.__doc__ or "").startswith("Several pictures")
