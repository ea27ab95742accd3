"""An encoder reads three symbols, a decoder is to write them in reverse. The loss of each answer reaches every step that was read on
two ways: through the states of the decoder, and by attention, past them."""

import numpy as np

import tinygrad_rnn as tg

SOURCE, REVERSED, START = [1, 2, 3], [3, 2, 1], 0


def picture():
    rng = np.random.default_rng(0)
    table = tg.nn.Embedding(4, 4, rng=rng)
    encoder, decoder = tg.nn.GRUCell(4, 8, rng=rng), tg.nn.GRUCell(4, 8, rng=rng)
    attention, readout = tg.nn.DotAttention(), tg.nn.Linear(16, 4, rng=rng)
    model = tg.nn.Seq2Seq(encoder, decoder, readout, source=table, target=table, attention=attention)
    logits, _ = model([SOURCE], [[START, *REVERSED[:-1]]])
    return tg.draw(tg.functional.cross_entropy(logits, [REVERSED]), detail="cell", title="Sequence to sequence, with attention")
