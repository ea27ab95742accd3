"""The shape of the project: who may import whom, what the package exports and documents."""

import ast
from pathlib import Path

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.ops import OPS

PACKAGE = Path(tg.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# a module imports only from rows above its own; names in one row do not import each other
LAYERS = [
    {"start", "errors", "program", "sparks"},
    {"interrupts", "settings", "terminal"},
    {"files", "scopes", "kernels", "schedules"},
    {"ops", "dtypes", "checkpoint", "history"},
    {"graph", "interop", "misfit"},
    {"anomaly"},
    {"missteps"},
    {"tensor"},
    {"primitives", "records", "returned", "optimizer"},
    {"functional", "arithmetic", "readers", "stepper"},
    {"sweep"},
    {"backward", "gradcheck", "snapshot"},
    {"probe.lanes", "probe.rows"},
    {"probe.jacobians", "probe.gradients", "probe.gates", "probe.landscape", "probe.memory", "probe.penalty"},
    {"probe.bound", "probe.connectivity", "probe.truncation"},
    {"probe"},
    {"nn.init", "nn.inputs", "nn.module"},
    {"nn.layers", "nn.attention", "nn.packed", "clipping"},
    {"nn.gated", "nn.pooling", "sampling", "nn.states"},
    {"nn.cells", "nn.grid_cell", "writing"},
    {"nn.normed", "nn.peephole", "nn.recurrent", "beams", "generate"},
    {"nn.composed", "nn.grid", "nn.models"},
    {"nn.family", "nn.seq2seq"},
    {"nn", "optim", "io.extras"},
    {"io.weights", "io.layers", "io.onnx_writer", "io.parts"},
    {"io.torch_layout", "io.onnx", "io.onnx_recurrent"},
    {"io"},
    {"generators"},
    {"resume"},
    {"loop"},
    {"train"},
    {"plots.canvas", "plots.numbers"},
    {"plots.gradients", "plots.maps", "plots.planes", "plots.runs"},
    {"plots"},
]
# called when used, not when imported: the method that starts a backward pass, and NumPy's functions by name
LATE = {("tensor", "backward"), ("interop", "primitives"), ("interop", "functional"), ("viz.draw", "snapshot")}


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "tinygrad_rnn"


def imports(path):
    """(name, only for types) of every module of the package that a file imports, wherever in the file it does so."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    here = ["tinygrad_rnn", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or id(node) in typing_only:
            continue
        base = here[: len(here) - node.level + 1] if node.level else []
        target = [*base, *(node.module or "").split(".")] if node.module else base
        if not target or target[0] != "tinygrad_rnn":
            continue
        names = [alias.name for alias in node.names]
        target = target[1:]
        for name in names:
            whole = ".".join([*target, name])
            yield whole if any(module_name(f) == whole for f in FILES) else ".".join(target) or "tinygrad_rnn"


def rank(name):
    return next((k for k, layer in enumerate(LAYERS) if name in layer), None)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_one_way(path):
    name = module_name(path)
    for other in set(imports(path)):
        if (name, other) in LATE or name == "tinygrad_rnn":
            continue
        if name.startswith("data"):
            assert other.startswith("data") or other == "errors", f"{name} imports {other}"
        elif name.startswith("viz"):
            plain = {"arithmetic", "errors", "files", "kernels", "program", "records", "scopes", "stepper"}
            assert other.startswith("viz") or other in plain, f"{name} imports {other}"
        elif name == "terminal":
            assert other == "sparks", f"terminal imports {other}"
        elif name.startswith("plots") and other == "viz.style":
            pass  # plots have the colours and scales of the graphs
        elif name.startswith("commands") or name == "__main__":
            pass  # the command line stands on top of everything; nobody else may import it
        else:
            assert rank(name) is not None, f"{name} has no place in LAYERS"
            assert rank(other) is not None, f"{name} imports {other}"
            assert rank(other) < rank(name), f"{name} imports {other}"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_the_core_needs_numpy_and_graphviz_alone(path):
    import sys

    allowed = {"numpy", "graphviz", "tinygrad_rnn", *sys.stdlib_module_names}
    allowed |= {"PIL"} if module_name(path) in ("viz.raster", "viz.gif") else set()
    allowed |= {"matplotlib"} if module_name(path).startswith("plots") else set()
    allowed |= {"tqdm"} if module_name(path) == "terminal" else set()
    allowed |= {"safetensors", "onnx"} if module_name(path) == "io.extras" else set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        assert {name.split(".")[0] for name in names} <= allowed


def test_no_pickle_eval_or_shell_in_the_package():
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {
            getattr(node.func, "id", getattr(node.func, "attr", "")) for node in ast.walk(tree) if isinstance(node, ast.Call)
        }
        assert not calls & {"eval", "exec", "system", "popen"}, path
        modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not modules & {"pickle", "shelve", "marshal", "socket", "urllib", "urllib.request"}, path


def test_importing_changes_nothing_global():
    import subprocess
    import sys

    program = (
        "import numpy as np; before = np.random.get_state()[1].tobytes(), np.geterr(); import sys; import tinygrad_rnn; "
        "assert (np.random.get_state()[1].tobytes(), np.geterr()) == before; "
        "assert not {'graphviz', 'PIL', 'onnx', 'safetensors', 'matplotlib', 'tqdm'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=PACKAGE.parent)


def test_exports_are_sorted_and_complete():
    assert tg.__all__ == sorted(tg.__all__)
    for name in (*tg.__all__, *OPS):
        assert hasattr(tg, name), name
    for name in OPS:
        assert name in tg.__all__, name


def test_dir_lists_what_is_public():
    assert dir(tg) == tg.__all__
    assert {"data", "io", "nn", "plots", "probe"} <= {*dir(tg)}  # the subpackages that users meet
    assert "kernels" not in dir(tg)


def test_public_names_of_the_contract():
    names = {
        "Tensor",
        "tensor",
        "no_grad",
        "grad",
        "gradcheck",
        "scope",
        "time_step",
        "backward_steps",
        "snapshot",
        "default_dtype",
    }
    names |= {"detect_anomaly", "draw", "nn", "optim", "functional", "data", "errors"}
    assert names - set(tg.__all__) == set()


def test_everything_public_has_a_docstring():
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                documented = ast.get_docstring(node) or any(getattr(d, "id", "") == "overload" for d in node.decorator_list)
                assert documented, f"{path.name}: {node.name}"


PUBLIC = [
    tg.Tensor,
    tg.Drawing,
    *(value for value in vars(tg.optim).values() if isinstance(value, type) and issubclass(value, tg.optim.Optimizer)),
    tg.train.History,
    *(value for value in vars(tg.nn).values() if isinstance(value, type)),
]


@pytest.mark.parametrize(
    "kind", [*PUBLIC, tg.replay.records.GraphSnapshot, tg.replay.records.Record], ids=lambda kind: kind.__name__
)
def test_every_method_a_user_meets_has_a_docstring(kind):
    missing = [
        name
        for name, value in vars(kind).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, property)) and not getattr(value, "__doc__", None)
    ]
    assert missing == []


def test_both_readers_of_a_vjp_offer_the_same():
    from tinygrad_rnn.engine.arrays import Arrays, Exact
    from tinygrad_rnn.engine.gradient_graph import Recorded

    def names(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    assert names(Arrays) <= names(Recorded)
    assert names(Exact) - names(Recorded) == {"nowhere"}
