"""Examples in docstrings that need an extra are skipped, with a word, where it is not installed."""

from importlib.util import find_spec

import pytest

NEEDS = {
    "tinygrad_rnn.io.weights": "safetensors",
    "tinygrad_rnn.io.onnx": "onnx",
    "tinygrad_rnn.io.onnx_recurrent": "onnx",
}


def pytest_collection_modifyitems(items):
    for item in items:
        if isinstance(item, pytest.DoctestItem):
            package = NEEDS.get(item.name.rpartition(".")[0])
            if package and not find_spec(package):
                item.add_marker(pytest.mark.skip(reason=f"needs {package}: pip install 'tinygrad_rnn[interop]'"))
