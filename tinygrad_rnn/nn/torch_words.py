"""PyTorch's words for settings that are called otherwise here, or are not needed: what to say to those who bring them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import Parameter, signature
from typing import Any

from ..errors import DataError

__all__ = ["check_words"]

WORDS = {
    "batch_first": "leave it out: sequences are (batch, time, features) here, always",
    "bias": "this one has no biases to leave out, or cannot do without",
    "biases": "it is called bias here",
    "device": "leave it out: everything is NumPy, on the CPU",
    "elementwise_affine": "leave it out: there is always a gain; bias=False leaves b out",
    "embed_dim": "features are read off query and keys: AdditiveAttention(query_size, key_size, hidden_size)",
    "embedding_dim": "it is called features here: Embedding(symbols, features)",
    "enforce_sorted": "leave it out: tg.nn.pack takes sequences in any order",
    "generator": "it is called rng here: rng=np.random.default_rng(seed)",
    "h0": "it is called state here; tg.nn.unroll says what a state is",
    "hidden_dim": "it is called hidden_size here",
    "hx": "it is called state here: for a cell (h,) or (h, c), for RNN, LSTM and GRU a list of one such tuple a layer",
    "in_features": "it is called input_size here",
    "inplace": "leave it out: no operation changes its input",
    "layers": "it is called num_layers here; tg.nn.Stacked takes a list of layers",
    "lengths": "batch sequences of different lengths with tg.nn.pack(xs, lengths), and give that",
    "max_norm": "it does not exist here: divide the rows of W by their norm yourself",
    "normalized_shape": "it is called features here: LayerNorm(features), over the last axis",
    "num_embeddings": "it is called symbols here: Embedding(symbols, features)",
    "num_heads": "attention has one head here: make several modules, and tg.concat what they give",
    "num_layer": "it is called num_layers here",
    "out_features": "it is called output_size here",
    "proj_size": "read the outputs with tg.nn.Linear(hidden_size, size, rng=rng) instead",
    "return_sequences": "leave it out: a layer returns the outputs of all steps, and the last state",
    "seed": "it is called rng here: rng=np.random.default_rng(seed)",
    "sequence_length": "it is read off xs (batch, time, features)",
    "sparse": "leave it out: gradients of a table are dense here",
    "units": "it is called hidden_size here",
}


def check_words(called: str, function: Callable[..., Any], given: Iterable[str]) -> None:
    """Raise a `DataError` for one of PyTorch's words where a function does not take it; what else is wrong Python itself will say.

    >>> from tinygrad_rnn.nn.torch_words import check_words
    >>> check_words("LSTM", lambda input_size, hidden_size: None, ["batch_first"])
    Traceback (most recent call last):
    tinygrad_rnn.errors.DataError: LSTM(batch_first=...)
    <BLANKLINE>
    hint: leave it out: sequences are (batch, time, features) here, always
    """
    words = [word for word in given if word in WORDS]
    if not words:
        return
    takes = signature(function).parameters
    if any(p.kind is Parameter.VAR_KEYWORD for p in takes.values()):
        return
    for word in words:
        if word not in takes:
            raise DataError(f"{called}({word}=...)", hint=WORDS[word])
