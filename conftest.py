"""Examples in docstrings start from nothing, as in a fresh interpreter; those that need an extra that is missing are skipped."""

from importlib.util import find_spec

import pytest

NEEDS = {
    "tinygrad_rnn.io.weights": "safetensors",
    "tinygrad_rnn.io.onnx.unrolled": "onnx",
    "tinygrad_rnn.io.onnx.recurrent": "onnx",
    **{f"tinygrad_rnn.plots.{name}": "matplotlib" for name in ("canvas", "gradients", "maps", "planes", "runs")},
}
EXTRA = {"matplotlib": "plots"}  # the others belong to interop


def pytest_collection_modifyitems(items):
    for item in items:
        if isinstance(item, pytest.DoctestItem):
            # not the names of its module: what is shown must run where it is copied to
            item.dtest.globs = {"__name__": "__main__"}
            package = NEEDS.get(item.name.rpartition(".")[0])
            if package and not find_spec(package):
                item.add_marker(
                    pytest.mark.skip(reason=f"needs {package}: pip install 'tinygrad_rnn[{EXTRA.get(package, 'interop')}]'")
                )
