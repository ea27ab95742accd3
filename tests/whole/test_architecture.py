"""The shape of the project: who may import whom, what the package exports and documents."""

import ast
from pathlib import Path

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.ops import OPS

PACKAGE = Path(tg.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "tinygrad_rnn"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_the_core_needs_numpy_and_graphviz_alone(path):
    import sys

    allowed = {"numpy", "graphviz", "tinygrad_rnn", *sys.stdlib_module_names}
    allowed |= {"PIL", "resvg_py"} if module_name(path) == "viz.formats.animated_gif" else set()
    allowed |= {"matplotlib"} if module_name(path).startswith("plots") else set()
    allowed |= {"tqdm"} if module_name(path) == "shared.terminal" else set()
    allowed |= {"safetensors", "onnx", "torch"} if module_name(path) == "io.optional_packages" else set()
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
        runs = {"exec"} if path.name == "run_text.py" else set()  # programs that this package printed
        assert not calls & {"eval", "exec", "system", "popen"} - runs, path
        modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not modules & {"pickle", "shelve", "marshal", "socket", "urllib", "urllib.request"}, path


def test_importing_changes_nothing_global():
    import subprocess
    import sys

    program = (
        "import numpy as np; before = np.random.get_state()[1].tobytes(), np.geterr(); import sys; import tinygrad_rnn; "
        "assert (np.random.get_state()[1].tobytes(), np.geterr()) == before; "
        "assert not {'graphviz', 'PIL', 'resvg_py', 'onnx', 'safetensors', 'matplotlib', 'tqdm'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=PACKAGE.parent)


def test_exports_are_sorted_and_complete():
    assert tg.__all__ == sorted(tg.__all__)
    for name in (*tg.__all__, *OPS):
        assert hasattr(tg, {"power": "pow"}.get(name, name)), name
    for name in OPS:
        assert {"power": "pow"}.get(name, name) in tg.__all__, name


PUBLIC_MODULES = [
    tg, tg.data, tg.errors, tg.functional, tg.io, tg.nn, tg.optim, tg.plots, tg.probe, tg.schedules, tg.train, tg.viz, tg.nn.init,
    *(getattr(tg.data, name) for name in tg.data.__all__),
]  # fmt: skip


@pytest.mark.parametrize("module", PUBLIC_MODULES, ids=lambda module: module.__name__)
def test_dir_lists_what_is_public_and_nothing_else(module):
    assert dir(module) == sorted(module.__all__)
    assert not [name for name in dir(module) if name.startswith("_")]
    for name in dir(module):
        value = getattr(module, name)
        home = value.__name__ if isinstance(value, type(tg)) else getattr(value, "__module__", "tinygrad_rnn")
        assert home.startswith(("tinygrad_rnn", "typing", "builtins", "collections.abc")), f"{name} is from {home}"


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
    from tinygrad_rnn.engine.vjp_on_arrays import Arrays, Exact
    from tinygrad_rnn.engine.vjp_on_tensors import Recorded

    def names(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    assert names(Arrays) <= names(Recorded)
    assert names(Exact) - names(Recorded) == {"nowhere"}
