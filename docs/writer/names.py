"""Every public name of the package, and the page of the reference that it stands on.

The names come from the faces (`__all__`), the pages from where a name is defined: a new name is on a page without being listed here.
"""

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import tinygrad_rnn as tg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import doors

# where names are defined: (file of the page, its title, its group); the longest beginning of a module's name holds, so that what is
# new in a room is on the page of that room at least
PAGES = {
    "engine": ("recording", "Recording", "The engine"),
    "engine.tensor": ("tensors", "Tensors", "The engine"),
    "engine.primitives": ("primitives", "Primitives", "The engine"),
    "engine.gradients": ("gradients", "Gradients as values", "The engine"),
    "engine.finite_differences": ("gradients", "Gradients as values", "The engine"),
    "replay": ("snapshots", "Snapshots and the stepper", "The engine"),
    "functional": ("functions", "Activations and other functions", "The engine"),
    "functional.losses": ("losses", "Losses", "The engine"),
    "functional.classes": ("losses", "Losses", "The engine"),
    "errors": ("errors", "Errors", "The engine"),
    "nn": ("modules", "Modules and layers", "Networks"),
    "nn.init": ("first_values", "First values", "Networks"),
    "nn.cells": ("cells", "Cells", "Networks"),
    "nn.sequence": ("sequences", "From a cell to a sequence", "Networks"),
    "nn.packed": ("lengths", "Sequences of different lengths", "Networks"),
    "nn.attention": ("attention", "Attention and pooling", "Networks"),
    "nn.pooling": ("attention", "Attention and pooling", "Networks"),
    "nn.models": ("models", "Whole models", "Networks"),
    "nn.decode": ("writing_on", "A model writes on", "Networks"),
    "optim": ("optimizers", "Optimizers", "Training"),
    "optim.clipping": ("clipping", "Clipping", "Training"),
    "optim.schedules": ("schedules", "Learning-rate schedules", "Training"),
    "train": ("training", "The training loop", "Training"),
    "data": ("data", "Data", "Data"),
    "data.files": ("files", "Files of your own", "Data"),
    "data.batches": ("batches", "Batches", "Data"),
    "data.vocab": ("vocabularies", "Vocabularies", "Data"),
    "data.grammars": ("tasks", "Tasks with known answers", "Data"),
    "data.stdlib_text": ("texts", "Texts that are on every machine", "Data"),
    "data.baselines": ("baselines", "Baselines by counting", "Data"),
    "probe": ("probes", "Summary, gates, memory, landscape", "Instruments"),
    "probe.gradients": ("gradient_by_step", "The gradient at every step", "Instruments"),
    "probe.truncated_bptt": ("gradient_by_step", "The gradient at every step", "Instruments"),
    "probe.vanishing_penalty": ("gradient_by_step", "The gradient at every step", "Instruments"),
    "probe.jacobians": ("jacobians", "Jacobians and their bound", "Instruments"),
    "probe.jacobian_bound": ("jacobians", "Jacobians and their bound", "Instruments"),
    "probe.connectivity_matrix": ("jacobians", "Jacobians and their bound", "Instruments"),
    "viz": ("pictures", "Pictures of graphs", "Pictures"),
    "plots": ("plots", "Plots of what was measured", "Pictures"),
    "io": ("weights", "Weights in files", "Other systems"),
    "io.torch_layout": ("pytorch", "PyTorch's names and layouts", "Other systems"),
    "io.onnx": ("onnx", "ONNX", "Other systems"),
}


class Name(NamedTuple):
    """A public name: how a user writes it, what it is, and the module that defines it."""

    path: str  # tinygrad_rnn.nn.LSTMCell
    value: Any
    home: str  # nn.cells.lstm
    also: tuple[str, ...]  # other ways to write it

    @property
    def short(self):
        """As it is written after `import tinygrad_rnn as tg`."""
        return shortened(self.path)

    @property
    def page(self):
        """The file of its page, without its suffix."""
        return page_of(self.home)[0]


def shortened(path):
    """tinygrad_rnn.nn.LSTMCell as tg.nn.LSTMCell."""
    return "tg" + path.removeprefix("tinygrad_rnn")


def page_of(home):
    """(file, title, group) of the page on which names of that module stand; a room that has no row gets a page of its own."""
    parts = home.split(".")
    found = (".".join(parts[:k]) for k in range(len(parts), 0, -1))
    return next((PAGES[name] for name in found if name in PAGES), (parts[0], parts[0].capitalize(), "More"))


def faces():
    """{how a user writes it: the module} of the package and of every module that it hands out, those nearest to the root first."""
    found, todo = {}, [("tinygrad_rnn", tg)]
    while todo:
        path, module = todo.pop(0)
        found[path] = module
        inside = ((f"{path}.{name}", getattr(module, name)) for name in module.__all__)
        todo += [(name, value) for name, value in inside if isinstance(value, ModuleType)]
    return {**found, "tinygrad_rnn.replay": import_module("tinygrad_rnn.replay")}


@cache
def public():
    """Every public name once, at the shortest place where it is found."""
    sources, found = doors.sources(), {}
    for face, module in faces().items():
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, ModuleType):
                continue
            path = f"{face}.{name}"
            home = defined_in(module.__name__.removeprefix("tinygrad_rnn").lstrip("."), name, sources)
            key = home, name
            if key in found:
                found[key] = found[key]._replace(also=(*found[key].also, path))
            else:
                found[key] = Name(path, value, home, ())
    return list(found.values())


def defined_in(module, name, sources):
    """The module that defines what `module` hands out under a name: a face leads on to where it takes it from."""
    if module in doors.faces(sources):
        for i in doors.imports(module, sources):
            if i.alias == name and i.name:
                return defined_in(i.target, i.name, sources)
    return module


def pages():
    """{file: (title, group, names)}: the rows of `PAGES` in their order, then rooms that have none."""
    found = {}
    order = [*dict.fromkeys(file for file, _, _ in PAGES.values())]
    for name in sorted(public(), key=lambda n: n.home):
        file, title, group = page_of(name.home)
        found.setdefault(file, (title, group, []))[2].append(name)
    places = {file: k for k, file in enumerate(order)}
    return dict(sorted(found.items(), key=lambda item: places.get(item[0], len(places))))
