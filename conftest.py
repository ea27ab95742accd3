"""Examples in docstrings start from nothing, as in a fresh interpreter; those that need an extra that is missing are skipped."""

from importlib.util import find_spec

import pytest

NEEDS = {
    "tinygrad_rnn.io.weights": "safetensors",
    "tinygrad_rnn.io.torch_run.run": "torch",
    "tinygrad_rnn.io.onnx.unrolled": "onnx",
    "tinygrad_rnn.io.onnx.recurrent": "onnx",
    **{f"tinygrad_rnn.plots.{name}": "matplotlib" for name in ("canvas", "gradients", "maps", "planes", "runs")},
}
EXTRA = {"matplotlib": "'tinygrad_rnn[plots]'", "torch": "torch"}
INTEROP = "'tinygrad_rnn[interop]'"  # the extra of the others


def pytest_collection_modifyitems(items):
    for item in items:
        if isinstance(item, pytest.DoctestItem):
            # not the names of its module: what is shown must run where it is copied to
            item.dtest.globs = {"__name__": "__main__"}
            package = next((package for module, package in NEEDS.items() if item.name.startswith(f"{module}.")), None)
            if package and not find_spec(package):
                item.add_marker(pytest.mark.skip(reason=f"needs {package}: pip install {EXTRA.get(package, INTEROP)}"))
