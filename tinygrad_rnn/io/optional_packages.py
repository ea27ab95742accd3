"""The packages that are needed only here, imported when they are used."""

from __future__ import annotations

from types import ModuleType

from ..errors import DataError
from ..shared.invocation import install

__all__ = ["onnx_package", "safetensors_package", "torch_package"]


def safetensors_package() -> ModuleType:
    """`safetensors`, with its part for NumPy. Raises `DataError` if it is not installed."""
    try:
        import safetensors.numpy
    except ImportError:
        raise _missing("a .safetensors file (a .npz needs nothing more) takes the package safetensors") from None
    return safetensors


def onnx_package() -> ModuleType:
    """`onnx`, with its checker and helpers. Raises `DataError` if it is not installed."""
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise _missing("ONNX models are made with the package onnx") from None
    return onnx


def _missing(what: str) -> DataError:
    return DataError(f"{what}, which is not installed", hint=install("interop"))


def torch_package() -> ModuleType:
    """`torch`. Raises `DataError` if it is not installed."""
    try:
        import torch
    except ImportError:
        raise DataError(
            "a run of PyTorch takes the package torch, which is not installed", hint="python -m pip install torch"
        ) from None
    return torch
