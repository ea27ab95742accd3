"""The gallery: one short script per picture, each with a `picture()` that draws it; its docstring says what to look at."""

import importlib

from tinygrad_rnn.shared import Parser, typed

ORDER = (
    "neuron", "diamond", "perceptron", "three_words", "rnn_rolled_and_unrolled", "sweep", "truncated", "lstm_op", "lstm_gate",
    "values", "gru_reset_after", "gru_reset_before", "gru_gates", "two_layers", "bidirectional", "bidirectional_gate",
    "thirty_steps", "forget_bias", "night", "own_cell", "attention", "seq2seq", "grid",
)  # fmt: skip


def chosen(module, known, rest, arguments=None):
    """The names given to `python -m module`, or all that are known; `rest` says what else it does where none is given."""
    about = f"Draw anew what is named, or all of them{rest}. The names: {', '.join(known)}."
    parser = Parser(prog=typed("-m", module), description=about, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a picture, without its suffix")
    names = parser.parse_args(arguments).names
    strange = [name for name in names if name not in known]
    if strange:
        parser.error(f"there is no picture {strange[0]!r}")
    return [name for name in known if name in names] or list(known)


def drawn(name):
    """(drawing, its SVG, what to look at) of one script."""
    script = importlib.import_module(f"visuals.{name}")
    drawing = script.picture()
    return drawing, drawing.svg(animated=getattr(script, "ANIMATED", False)), " ".join(script.__doc__.split())
