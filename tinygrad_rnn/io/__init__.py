"""The way to other systems: weights as safetensors, PyTorch's names and layouts, runs of PyTorch, ONNX models.

Here: what reads or writes a format that others define. Not here: checkpoints of our own training (`train`), and pictures (`viz`).
"""

from .onnx import export_onnx, export_onnx_recurrent
from .torch_layout import from_torch_state_dict, to_torch_state_dict
from .torch_run import Run, watch
from .weights import load, load_into, metadata, save

__all__ = [
    "Run", "export_onnx", "export_onnx_recurrent", "from_torch_state_dict", "load", "load_into", "metadata", "save",
    "to_torch_state_dict", "watch",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
