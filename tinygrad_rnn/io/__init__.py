"""The way to other systems: weights as safetensors, PyTorch's names and layouts, ONNX models."""

from .onnx.recurrent import export_onnx_recurrent
from .onnx.unrolled import export_onnx
from .torch_layout import from_torch_state_dict, to_torch_state_dict
from .weights import load, load_into, metadata, save

__all__ = [
    "export_onnx",
    "export_onnx_recurrent",
    "from_torch_state_dict",
    "load",
    "load_into",
    "metadata",
    "save",
    "to_torch_state_dict",
]
