"""Modules: cells, layers, first values."""

from . import init
from .attention import AdditiveAttention, DotAttention
from .cells import Cell, GRUCell, LSTMCell, RNNCell, State
from .composed import Dropout, Residual
from .family import GRU, LSTM, RNN
from .grid import Grid, GridLSTM
from .grid_cell import GridLSTMCell
from .layers import Embedding, Linear
from .models import CharModel, SequenceClassifier
from .module import Module
from .normed import LayerNormGRUCell, LayerNormLSTMCell, LayerNormRNNCell
from .packed import PackedSequence, last_valid, mask, pack, unpack
from .peephole import PeepholeLSTMCell
from .pooling import AttentionPooling, pool_last, pool_max, pool_mean
from .recurrent import Bidirectional, SequenceLayer, Stacked, unroll
from .seq2seq import Decoding, Seq2Seq
from .states import detach_state

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AdditiveAttention",
    "AttentionPooling",
    "Bidirectional",
    "Cell",
    "CharModel",
    "Decoding",
    "DotAttention",
    "Dropout",
    "Embedding",
    "GRUCell",
    "Grid",
    "GridLSTM",
    "GridLSTMCell",
    "LSTMCell",
    "LayerNormGRUCell",
    "LayerNormLSTMCell",
    "LayerNormRNNCell",
    "Linear",
    "Module",
    "PackedSequence",
    "PeepholeLSTMCell",
    "RNNCell",
    "Residual",
    "Seq2Seq",
    "SequenceClassifier",
    "SequenceLayer",
    "Stacked",
    "State",
    "detach_state",
    "init",
    "last_valid",
    "mask",
    "pack",
    "pool_last",
    "pool_max",
    "pool_mean",
    "unpack",
    "unroll",
]
