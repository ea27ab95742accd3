"""Two ways to ONNX: the unrolled graph, or ONNX's own recurrent operators.

Here: what becomes which operator. Not here: weights alone (`io.weights`).
"""

from .recurrent import export_onnx_recurrent
from .unrolled import export_onnx

__all__ = ["export_onnx", "export_onnx_recurrent"]


def __dir__() -> list[str]:
    return __all__
