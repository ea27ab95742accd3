"""The way to other systems: weights as safetensors, PyTorch's names and layouts, ONNX models.

Here: what reads or writes a format that others define. Not here: checkpoints of our own training (`train`), and pictures (`viz`).
"""

from .onnx import export_onnx, export_onnx_recurrent
from .torch_layout import from_torch_state_dict, to_torch_state_dict
from .weights import load, load_into, metadata, save

__all__ = [
    "export_onnx", "export_onnx_recurrent", "from_torch_state_dict", "load", "load_into", "metadata", "save",
    "to_torch_state_dict",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
