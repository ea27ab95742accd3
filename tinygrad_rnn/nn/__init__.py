"""Modules: cells, layers, first values."""

from . import init
from .attention import AdditiveAttention, DotAttention
from .cells.grid_cell import GridLSTMCell
from .cells.layer_norm import LayerNormGRUCell, LayerNormLSTMCell, LayerNormRNNCell
from .cells.lstm import Cell, GRUCell, LSTMCell, RNNCell, State
from .cells.peephole import PeepholeLSTMCell
from .layers import Embedding, Linear
from .models.classifier import CharModel, SequenceClassifier
from .models.seq2seq import Decoding, Seq2Seq
from .module import Module
from .packed import PackedSequence, last_valid, mask, pack, unpack
from .pooling import AttentionPooling, pool_last, pool_max, pool_mean
from .sequence.dropout_and_residual import Dropout, Residual
from .sequence.grid_layer import Grid, GridLSTM
from .sequence.rnn_lstm_gru import GRU, LSTM, RNN
from .sequence.unrolling import Bidirectional, SequenceLayer, Stacked, unroll
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
