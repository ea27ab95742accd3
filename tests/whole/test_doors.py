"""Doors open one way: see support/doors.py for the rows. The package itself is not imported, so that a circle is told and not met."""

import doors
import pytest

ROOT = doors.PACKAGE.parent
SOURCES = doors.sources()


def test_every_door_opens_one_way():
    assert doors.complaints(SOURCES) == []


def test_no_door_stands_open_for_nobody():
    assert doors.unused(SOURCES) == []
    alone = {name: source for name, source in SOURCES.items() if not name.startswith("plots.")}
    assert "plots may use viz.style and does not" in doors.unused(alone)


PLANTED = {
    "an upward import": ("engine.graph", "from ..nn import LSTM\n", "engine.graph imports nn: that door does not open this way"),
    "pictures that know a tensor": (
        "viz.layout.size",
        "from ...engine.tensor import Tensor\n",
        "viz.layout.size imports engine.tensor",
    ),
    "upwards inside a room": ("viz.view.boxes", "from ..layout.size import Panel\n", "viz.view.boxes imports viz.layout.size"),
    "a circle inside viz": (
        "viz.view.time_columns",
        "from .boxes import Box\n",
        "circle: viz.view.boxes -> viz.view.time_columns -> viz.view.boxes",
    ),
    "a circle inside data": ("data.lines", "from .csv.labelled import Labelled\n", "in a circle: "),
    "a circle inside commands": ("commands.output", "from .network import seed\nfrom . import draw\n", "in a circle: "),
    "a circle through a face": ("nn.module", "from . import Linear\n", "in a circle: "),
    "a late import": (
        "nn.module",
        "def late():\n    from ..engine.tensor import tensor\n",
        "nn.module imports engine.tensor late",
    ),
    "a late import of the package": ("nn.module", "def late():\n    import tinygrad_rnn.viz\n", "nn.module imports viz late"),
    "a private name": (
        "probe.gradients",
        "from ..replay.from_loss import _root\n",
        "takes _root of replay.from_loss, which is private",
    ),
    "a name that a module keeps": (
        "nn.layers",
        "from .pooling import POOLING\n",
        "takes POOLING of nn.pooling, which is private",
    ),
    "a private attribute": ("nn.layers", "from . import init\nx = init._sizes\n", "nn.layers reaches for init._sizes"),
    "a private attribute behind another name": (
        "nn.layers",
        "from ..engine import tensor as t\nx = t._leaf\n",
        "nn.layers reaches for t._leaf",
    ),
    "a private attribute of a class": ("train.loop", "x = Module._children\n", "train.loop reaches for Module._children"),
    "a late import by name": (
        "nn.module",
        "def late():\n    importlib.import_module('tinygrad_rnn.viz')\n",
        "nn.module reaches for a module by its name",
    ),
    "a module without a row": ("attic", "", "attic has no row in ROOMS"),
    "a module at the root": ("attic", "", "attic stands at the root"),
    "a room without a face": ("io.cellar.wine", "", "io.cellar has no face"),
    "a face that computes": ("io", "for x in range(3): pass\n", "the face of io does more than show what is inside"),
    "a name that hides a module": (
        "replay",
        "from .stepper import stepper\n",
        "replay has a name that hides its module replay.stepper",
    ),
}


@pytest.mark.once
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault):
    where, line, says = PLANTED[fault]
    source = SOURCES.get(where, '"""A room."""\n')
    found = doors.complaints({**SOURCES, where: source + "\n" + line})
    assert any(says in complaint for complaint in found), found


def test_a_crowded_room_is_found():
    more = {f"io.file{k}": '"""A file."""\n' for k in range(doors.ROOMY)}
    assert any("files stand side by side in io" in complaint for complaint in doors.complaints({**SOURCES, **more}))


@pytest.mark.parametrize("folder", ["lessons", "visuals", "benchmarks", "docs", ".ci"])
def test_what_stands_outside_uses_public_names(folder):
    """Faces, and the modules that the package hands out, with what their `__all__` lists."""
    data = [f"data.{name}" for name in doors.exported(SOURCES["data"])]
    public = {"", *doors.faces(SOURCES), "errors", "functional", "viz.style", *data} - {"data.csv", "data.tasks"}
    strange = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        modules = {**SOURCES, "outside": path.read_text(encoding="utf-8")}
        for i in doors.imports("outside", modules):
            if i.target in SOURCES and i.name and not (i.target in public and i.name in doors.exported(SOURCES[i.target])):
                strange.append(f"{path.relative_to(ROOT)} takes {i.name} of {i.target}")
            if i.target in SOURCES and not i.name and i.target not in public:
                strange.append(f"{path.relative_to(ROOT)} takes {i.target}")
    assert strange == []
