"""Modules: cells, layers, first values."""

from . import init
from .cells import Cell, GRUCell, LSTMCell, RNNCell, State
from .layers import Embedding, Linear
from .module import Module
from .recurrent import unroll

__all__ = ["Cell", "Embedding", "GRUCell", "LSTMCell", "Linear", "Module", "RNNCell", "State", "init", "unroll"]
