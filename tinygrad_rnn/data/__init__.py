"""Data that needs no download: text that every Python carries, tasks with known answers, characters as numbers."""

from __future__ import annotations

from tinygrad_rnn.data import grammars, stdlib_text, vocab

__all__ = ["grammars", "stdlib_text", "vocab"]
