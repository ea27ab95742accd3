"""Cells: one step in time, in the letters of their equations."""

from .lstm import Cell, GRUCell, LSTMCell, RNNCell, State

__all__ = ["Cell", "GRUCell", "LSTMCell", "RNNCell", "State"]
