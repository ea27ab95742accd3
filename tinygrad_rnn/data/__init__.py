"""Data that needs no download: text that every Python carries, tasks with known answers; files of your own; ids and batches."""

from __future__ import annotations

from tinygrad_rnn.data import baselines, batches, files, grammars, stdlib_text, vocab

__all__ = ["baselines", "batches", "files", "grammars", "stdlib_text", "vocab"]
