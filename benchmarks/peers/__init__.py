"""The implementations that are compared, one file each, imported only when asked for.

Each file has `build(work, variant) -> step`. `step()` does one whole training step and returns the loss as a float, and a dict
of gradients with the names of `work.weights`. To add a peer: such a file, and a line below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..workloads import Workload

Step = Callable[[], tuple[float, dict[str, Any]]]


@dataclass(frozen=True)
class Peer:
    """A name in tables, the file that builds it, the package that it needs, and what it is."""

    file: str
    package: str
    words: str
    variant: str = ""
    kinds: tuple[str, ...] = ("rnn", "lstm", "gru", "mlp")

    @property
    def installed(self) -> bool:
        return find_spec(self.package) is not None

    def build(self, work: Workload) -> Step:
        step: Step = import_module(f".{self.file}", __name__).build(work, self.variant)
        return step


PEERS = {
    "ours": Peer("ours", "tinygrad_rnn", "this engine, backward(keep_graph=False)", "free"),
    "ours keep": Peer("ours", "tinygrad_rnn", "this engine, backward() as it is by default", "keep"),
    "ours nn": Peer("ours", "tinygrad_rnn", "tg.nn layers with unroll, keep_graph=False", "nn", ("rnn", "lstm", "gru")),
    "ours once": Peer("ours", "tinygrad_rnn", "the same with project_once=True", "nn once", ("rnn", "lstm", "gru")),
    "ours compiled": Peer("compiled", "tinygrad_rnn", "the program of ours nn (W7: of ours), as NumPy"),
    "ours native": Peer("compiled", "tinygrad_rnn", "the same, its loops as machine code", "native", ("rnn", "lstm", "gru")),
    "numpy": Peer("numpy_floor", "numpy", "hand-written NumPy, forward and backward"),
    "torch": Peer("torch_primitives", "torch", "PyTorch on the CPU, the same primitives"),
    "torch.nn": Peer("torch_layers", "torch", "PyTorch's own layers: nn.RNN, nn.LSTM, nn.GRU", kinds=("rnn", "lstm", "gru")),
    "jax": Peer("jax_scan", "jax", "JAX on the CPU: jit, with lax.scan over time"),
    "mygrad": Peer("mygrad_peer", "mygrad", "MyGrad as it is by default, its memory guard on"),
    "autograd": Peer("autograd_peer", "autograd", "HIPS autograd"),
}
