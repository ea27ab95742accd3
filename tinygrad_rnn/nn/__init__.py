"""Modules: cells, layers, first values, whole models. Everything is composed of the engine's primitives.

Here: what has weights or carries states. Not here: a backward of its own, training (`train`), and single functions (`functional`).
"""

from . import init
from .attention import AdditiveAttention, DotAttention
from .cells import (
    Cell,
    GridLSTMCell,
    GRUCell,
    LayerNormGRUCell,
    LayerNormLSTMCell,
    LayerNormRNNCell,
    LSTMCell,
    PeepholeLSTMCell,
    RNNCell,
    State,
)  # fmt: skip
from .layers import Embedding, LayerNorm, Linear, Sequential
from .models import CharModel, Decoding, Seq2Seq, SequenceClassifier
from .module import Module
from .packed import PackedSequence, last_valid, mask, pack, unpack
from .pooling import AttentionPooling, pool_last, pool_max, pool_mean
from .sequence import GRU, LSTM, RNN, Bidirectional, Dropout, Grid, GridLSTM, Residual, SequenceLayer, Stacked, unroll
from .standard_scaler import StandardScaler
from .states import detach_state

__all__ = [
    "GRU", "LSTM", "RNN", "AdditiveAttention", "AttentionPooling", "Bidirectional", "Cell", "CharModel", "Decoding",
    "DotAttention", "Dropout", "Embedding", "GRUCell", "Grid", "GridLSTM", "GridLSTMCell", "LSTMCell", "LayerNorm",
    "LayerNormGRUCell", "LayerNormLSTMCell", "LayerNormRNNCell", "Linear", "Module", "PackedSequence", "PeepholeLSTMCell",
    "RNNCell", "Residual", "Seq2Seq", "SequenceClassifier", "SequenceLayer", "Sequential", "Stacked", "StandardScaler", "State",
    "detach_state", "init", "last_valid", "mask", "pack", "pool_last", "pool_max", "pool_mean", "unpack", "unroll",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
