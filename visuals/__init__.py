"""The gallery: one short script per picture, each with a `picture()` that draws it; its docstring says what to look at."""

import importlib

ORDER = (
    "neuron", "diamond", "perceptron", "three_words", "rnn_rolled_and_unrolled", "sweep", "truncated", "lstm_op", "lstm_gate",
    "values", "gru_reset_after", "gru_reset_before", "gru_gates", "two_layers", "bidirectional", "bidirectional_gate",
    "thirty_steps", "forget_bias", "night", "own_cell", "attention", "seq2seq", "grid",
)  # fmt: skip
KEPT = ("neuron", "three_words", "lstm_gate", "thirty_steps")  # in git beside their scripts, for README.md here and above


def drawn(name):
    """(drawing, its SVG, what to look at) of one script."""
    script = importlib.import_module(f"visuals.{name}")
    drawing = script.picture()
    return drawing, drawing.svg(animated=getattr(script, "ANIMATED", False)), " ".join(script.__doc__.split())
