# %% [markdown]
# # 00 A tour: one weight, many steps, and a gradient that survives or vanishes
#
# Nothing to fill in. Run it, read, look at the pictures it writes. It runs for about a minute.
#
#     python lessons/00_tour.py            the whole tour
#     python lessons/00_tour.py --fast     a few seconds, smaller numbers

# %%
import os
import re
import sys
import unicodedata
from itertools import chain
from pathlib import Path

import course as course  # before NumPy loads: one thread, and where the package is

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.data import baselines, grammars, stdlib_text, vocab
from tinygrad_rnn.shared import Parser, Progress, Terminal, discard_output, near, note, typed

OUT = Path(__file__).resolve().parent / "out"
MOST = 8  # words: more columns do not fit a screen
SHORTEST = 1000  # characters: below that there is nothing to learn from, and nothing to test on
SENTENCE = "this film was not dull"


def orthogonal_rnn(*sizes, rng):
    cell = tg.nn.RNNCell(*sizes, rng=rng)
    cell.Wh.data = tg.nn.init.orthogonal(rng, cell.Wh.shape)
    return cell


CELLS = {
    "RNN": lambda *sizes, rng: tg.nn.RNNCell(*sizes, rng=rng),
    "RNN, orthogonal Wh": orthogonal_rnn,
    "GRU": lambda *sizes, rng: tg.nn.GRUCell(*sizes, rng=rng),
    "LSTM, forget bias 0": lambda *sizes, rng: tg.nn.LSTMCell(*sizes, rng=rng, forget_bias=0.0),
    "LSTM, forget bias 1": lambda *sizes, rng: tg.nn.LSTMCell(*sizes, rng=rng, forget_bias=1.0),
    "LSTM, forget bias 3": lambda *sizes, rng: tg.nn.LSTMCell(*sizes, rng=rng, forget_bias=3.0),
}


def started():
    """What to type to start the tour again."""
    return typed(near(__file__))


def options(arguments=None):
    about = "A tour of tinygrad_rnn: nothing to fill in, it runs for about a minute."
    parser = Parser(prog=started(), description=about, allow_abbrev=False)
    parser.add_argument("--fast", action="store_true", help="a few seconds, with smaller numbers")
    parser.add_argument("--data", metavar="FILE", help="a text file of yours, instead of the source of argparse")
    parser.add_argument("--sentence", help=f"the words of the first picture (default: {SENTENCE!r})")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn at random (default 0)")
    parser.add_argument("--no-color", action="store_true", help="no colours in the terminal")
    chosen = parser.parse_args(arguments)
    if chosen.seed < 0:
        parser.error(f"--seed {chosen.seed}: it is 0 or more")
    if chosen.sentence is not None and not plain(chosen.sentence).split():
        parser.error("--sentence holds no word")
    return chosen


def first_words(text, count=5):
    """The first words of the first sentence that has that many; else the first words, else the first characters."""
    sentences = [re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", part) for part in re.split(r"[.!?]\s|\n\s*\n", text)]
    found = next((words for words in sentences if len(words) >= count), [*chain(*sentences)] or text.split() or list(text))
    return found[:count]


def plain(text):
    """The text without control characters, which could colour or clear a terminal."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


def write_picture(out, drawing, name):
    """Write one picture; a folder that cannot be written to costs the picture, not the tour."""
    try:
        OUT.mkdir(exist_ok=True)
        drawing.save(OUT / name)
    except (OSError, tg.errors.DataError) as error:
        out.say(f"(the picture {name} could not be written: {error}; free the folder {OUT} and start again)", "  ")
    else:
        out.write(f"  picture: {os.path.relpath(OUT / name)}")


# %% [markdown]
# ## (a) A recurrent network is one cell, used once for every word


# %%
def draw_sentence(out, words, seed):
    rng = np.random.default_rng(seed)
    cell, readout = tg.nn.RNNCell(len(set(words)), 8, rng=rng), tg.nn.Linear(8, 2, rng=rng)
    ids = {word: k for k, word in enumerate(dict.fromkeys(words))}
    xs = [tg.Tensor(np.eye(len(ids))[[ids[word]]], name=word) for word in words]
    hs, _ = tg.nn.unroll(cell, xs)
    loss = tg.functional.cross_entropy(readout(hs[-1]), [1])
    loss.backward()
    graph = tg.snapshot(loss)
    write_picture(out, tg.draw(loss, detail="op", title="RNN: " + " ".join(words)), "00_sentence.svg")
    lane = graph.along("h")
    out.say(f"""Drawn: an RNN with random weights reads "{" ".join(words)}", one word a column, and is asked one question at the
        end. Look at two things. The weight Wh is one array: it is drawn once, and the small chips are its uses, {len(words)} of
        them, each in the colour of what it adds to the gradient. And the colour along h, from the loss back to the first word,
        is the size of the gradient: {lane[len(words)].grad_norm:.1e} at "{words[-1]}", {lane[1].grad_norm:.1e} at "{words[0]}".""")
    parts = {t: float(np.linalg.norm(part)) for t, part in graph.contributions("Wh").items()}
    largest = max(parts.values()) or 1.0
    out.bars([(words[t - 1], size / largest, f"{size:.1e}" if size else "exactly 0") for t, size in parts.items()])
    gap = np.abs(sum(graph.contributions("Wh").values()) - cell.Wh.grad).max()
    out.say(f"""That is the gradient of Wh split by step. The parts sum to Wh.grad (largest difference {gap:.0e}). The first one is
        exactly 0 because Wh is multiplied by h0 there, and h0 is all zeros.""")


# %% [markdown]
# ## (b) How much gradient is left after 40 steps back?


# %%
def gradient_back(make, steps, seed, hidden=32, features=64):
    """norm(dL/dc_t), for cells without c norm(dL/dh_t), for t = 1..T, relative to the last step; and the loss, for a picture."""
    rng = np.random.default_rng(seed)
    cell = make(features, hidden, rng=rng)
    hs, state = tg.nn.unroll(cell, rng.standard_normal((1, steps, features)))
    loss = (hs[-1] * rng.standard_normal((1, hidden))).sum()
    lane = tg.snapshot(loss).along("c" if len(state) > 1 else "h")
    norms = np.array([lane[t].grad_norm for t in sorted(lane)])
    return norms / norms[-1], loss


def measure_decay(out, seed, repeats):
    back, rows, bars, losses = (1, 10, 20, 40), [], [], {}
    for label, make in CELLS.items():
        runs = [gradient_back(make, 41, seed + k) for k in range(repeats)]
        kept = np.exp(np.mean([np.log(norms) for norms, _ in runs], axis=0))  # the geometric mean over the seeds
        rows.append([label, *(f"{kept[-1 - k]:.2g}" for k in back)])
        bars.append((label, 1 + np.log10(kept[-41]) / 16, f"{kept[-41]:.0e}"))
        losses[label] = runs[0][1]
    firsts = [CELLS["RNN"](64, 32, rng=np.random.default_rng(seed + k)).Wh.data for k in range(repeats)]
    radius = np.mean([tg.nn.init.spectral_radius(Wh) for Wh in firsts])
    out.say(f"""32 hidden units, 64 inputs drawn from N(0, 1), weights uniform in ±1/sqrt(32), which gives an RNN's Wh a spectral
        radius of about {radius:.2f}; {repeats} seeds. The table shows how much of the gradient at the last step is left k steps
        earlier (of the state that carries it: c in an LSTM, h elsewhere).""")
    out.table(rows, ["k steps back", *map(str, back)])
    out.say("After 40 steps, on a logarithmic scale (empty is 1e-16):")
    out.bars(bars)
    out.say("""An orthogonal Wh keeps the length of a vector, but tanh does not: here it is saturated and the gradient vanishes all
        the same. The gates of an LSTM do not save it by themselves either: with forget bias 0 it goes the way of the GRU's. The
        forget gate has to be open. A bias of 3 opens it: sigmoid(3) = 0.95.""")
    for label, name in (("LSTM, forget bias 3", "00_decay_lstm.svg"), ("RNN", "00_decay_rnn.svg")):
        write_picture(out, tg.draw(losses[label], title=f"{label}: 41 steps", scale=(-8, 2)), name)


# %% [markdown]
# ## (c) Does it matter? A task that needs 30 to 54 steps of memory


# %%
def learn_order(make, seed, updates, length, until=0.99):
    """Train on temporal order; returns (updates used, held-out loss, held-out accuracy)."""
    rng, data = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    held_out = grammars.temporal_order(np.random.default_rng(seed + 2), 1000, length)
    with tg.default_dtype(np.float32):
        cell, readout = make(6, 8, rng=rng), tg.nn.Linear(8, 4, rng=rng)
        parameters = cell.parameters() + readout.parameters()
        optimizer, progress = tg.optim.Adam(parameters, lr=0.01), Progress(updates)
        for update in range(1, updates + 1):
            batch = grammars.temporal_order(data, 32, length)
            optimizer.zero_grad()
            loss = tg.functional.cross_entropy(readout(tg.nn.unroll(cell, batch.x.astype(np.float32))[0][-1]), batch.y)
            loss.backward(keep_graph=False)
            tg.optim.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            progress.update(update, f"{type(cell).__name__}  loss {loss.item():.3f} nats")
            if update % 50 == 0 or update == updates:
                with tg.no_grad():
                    logits = readout(tg.nn.unroll(cell, held_out.x.astype(np.float32))[0][-1])
                right, loss = tg.functional.accuracy(logits, held_out.y), tg.functional.cross_entropy(logits, held_out.y)
                if right >= until:
                    break
        progress.close()
    return update, loss.item(), right


def race(out, seed, length, updates):
    out.say(f"""Temporal order: among {length} symbols there is an X or a Y near the start and another in the middle. Which pair was
        it: XX, XY, YX or YY? Guessing gives 25 % and a loss of ln 4 = {np.log(4):.3f} nats. 8 hidden units, Adam, clipped gradients.""")
    rows, solved = [], {}
    for label in ("LSTM, forget bias 3", "LSTM, forget bias 0", "RNN"):
        used, loss, right = learn_order(CELLS[label], seed, updates, length)
        solved[label] = right >= 0.99
        rows.append([label, str(used), f"{loss:.3f}", f"{right:.1%}", "solved" if solved[label] else "not solved"])
    out.table(rows, ["held-out test", "updates", "loss", "right", ""])
    winners = [label for label in solved if solved[label]]
    if winners == ["LSTM, forget bias 3"]:
        out.say("""Only the cell whose gradient reaches back learns it. The other two stay at guessing: what they should learn from is
            too far away for their gradient. (With as many hidden units an LSTM has four times the weights; the one with forget
            bias 0 has them too.)""")
    else:
        out.say(
            f"Solved by: {', '.join(winners) or 'none'}, within {updates} updates. Other seeds and more updates end differently."
        )


# %% [markdown]
# ## (d) A character model of real text


# %%
class CharacterModel(tg.nn.Module):
    """Embedding, LSTM, and the scores of the next character."""

    def __init__(self, symbols, rng):
        self.embedding = tg.nn.Embedding(symbols, 32, rng=rng)
        self.cell = tg.nn.LSTMCell(32, 128, rng=rng)
        self.readout = tg.nn.Linear(128, symbols, rng=rng)

    def forward(self, ids, state=None):
        hs, state = tg.nn.unroll(self.cell, self.embedding(ids), state)
        return self.readout(tg.stack(hs, axis=1)), state


def bits_on(model, ids, rows=8, chunk=100):
    """Bits per character on held-out text: read in `rows` streams, the state carried from chunk to chunk."""
    rows = min(rows, len(ids) // 2)
    streams = ids[: len(ids) // rows * rows].reshape(rows, -1)
    nats, state, last = 0.0, None, streams.shape[1] - 1
    with tg.no_grad():
        for start in range(0, last, chunk):
            end = min(start + chunk, last)
            logits, state = model(streams[:, start:end], state)
            nats += tg.functional.cross_entropy(logits, streams[:, start + 1 : end + 1]).item() * (end - start)
    return nats / last / np.log(2)


def train_characters(model, ids, updates, rows=16, chunk=40):
    rows, chunk = min(rows, max(1, len(ids) // 100)), min(chunk, len(ids) - 1)
    streams = ids[: len(ids) // rows * rows].reshape(rows, -1)
    optimizer, progress = tg.optim.Adam(model.parameters(), lr=0.005), Progress(updates)
    state, start = None, 0
    for update in range(1, updates + 1):
        if start + chunk >= streams.shape[1]:
            state, start = None, 0
        optimizer.lr = 0.005 * (1 - 0.9 * update / updates)
        optimizer.zero_grad()
        logits, state = model(streams[:, start : start + chunk], state)
        loss = tg.functional.cross_entropy(logits, streams[:, start + 1 : start + chunk + 1])
        loss.backward(keep_graph=False)
        tg.optim.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        state = tuple(part.detach() for part in state)  # truncated backpropagation: the value goes on, the history does not
        start += chunk
        rate = update * rows * chunk / max(progress.seconds, 1e-9)
        progress.update(update, f"{loss.item() / np.log(2):.2f} bits per character  {rate:,.0f} characters/s")
    progress.close()


def sample(model, vocabulary, prompt, length, temperature, rng):
    ids, state, written = vocabulary.encode(prompt), None, ""
    with tg.no_grad():
        for _ in range(length):
            logits, state = model(ids[None, :], state)
            p = tg.functional.softmax(logits[0, -1] / temperature).numpy().astype(np.float64)
            ids = np.array([rng.choice(len(p), p=p / p.sum())])
            written += vocabulary.decode(ids)
    return written


def show(out, text):
    """Text as it was written, wrapped to the terminal."""
    for line in plain(text).expandtabs(4).split("\n"):
        for start in range(0, max(len(line), 1), out.width - 6):
            out.write(out.paint("    | " + line[start : start + out.width - 6], "dim"))


def write_like(out, text, seed, updates):
    vocabulary, cut = vocab.CharVocabulary.from_text(text.text), len(text.text) * 9 // 10
    train, test = text.text[:cut], text.text[cut:]
    out.say(f"An LSTM with 128 units learns to predict the next character of {text.source}: {len(text.text):,} characters, "
            f"{len(vocabulary)} different ones. The last tenth is kept for the test.")  # fmt: skip
    with tg.default_dtype(np.float32):
        model = CharacterModel(len(vocabulary), np.random.default_rng(seed))
        train_characters(model, vocabulary.encode(train), updates)
        bits = bits_on(model, vocabulary.encode(test))
        rivals = [
            ("every character alike", baselines.uniform_bits(train, test)),
            ("single characters counted", baselines.unigram_bits(train, test)),
            ("pairs counted (bigram)", baselines.bigram_bits(train, test)),
            (f"LSTM, {updates} updates", bits),
        ]
        out.say("Bits per character on the held-out tenth, fewer is better:")
        out.bars([(label, value / rivals[0][1], f"{value:.2f}") for label, value in rivals])
        if bits < rivals[2][1]:
            out.say("The LSTM beats counting pairs: it remembers more than one character.")
        else:
            out.say("The LSTM has not caught up with counting pairs: it needs more updates or more text.")
        out.say("It goes on from the first 100 characters of the test, whose last ones are:")
        show(out, test[60:100])
        for temperature in (0.5, 1.0, 1.5):
            out.write(f"  temperature {temperature}:")
            show(out, sample(model, vocabulary, test[:100], 240, temperature, np.random.default_rng(seed)))
    out.say(
        "A low temperature prefers what the model is sure of, a high one gives rare characters a chance. The model is the same."
    )
    return rivals[2][1], bits


# %% [markdown]
# ## The way through


# %%
def main(arguments=None):
    chosen = options(arguments)
    out = Terminal(color=False if chosen.no_color else None)
    done = []
    try:
        text = stdlib_text.from_file(chosen.data) if chosen.data else stdlib_text.module_source("argparse")
        if len(text.text) < SHORTEST:
            raise tg.errors.DataError(
                f"{text.source} is too short: {len(text.text)} characters", hint=f"give a text of {SHORTEST} characters or more"
            )
        if len(set(text.text)) < 2:
            raise tg.errors.DataError(
                f"{text.source} holds one character only, over and over", hint="there is nothing to predict"
            )
        words = plain(chosen.sentence or "").split() or (first_words(text.text) if chosen.data else SENTENCE.split())
        if len(words) > MOST:
            out.say(f"The sentence has {len(words)} words; the picture takes the first {MOST}.")
        if text.note:
            out.say(text.note)
        if chosen.fast:
            out.say("--fast: everything is smaller here, and too short to learn much. Run it without for what the tour is about.")
        out.heading("(a) One cell, used for every word")
        draw_sentence(out, words[:MOST], chosen.seed)
        done.append("the picture of your sentence")
        out.heading("(b) How much gradient is left 40 steps back?")
        measure_decay(out, chosen.seed, repeats=2 if chosen.fast else 10)
        done.append("the decay of the gradient")
        out.heading("(c) Does it matter? A task with a long memory")
        race(out, chosen.seed, *((30, 200) if chosen.fast else (60, 1500)))
        done.append("the race between RNN and LSTM")
        out.heading("(d) Writing like a file")
        write_like(out, text, chosen.seed, 60 if chosen.fast else 2000)
        done.append("the character model")
    except tg.errors.TinygradRnnError as error:
        note(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        out.write()
        out.say(f"Stopped. Done so far: {', '.join(done) or 'nothing yet'}. Start again with")
        out.say(started(), "  ")
        return 130
    out.heading("Next")
    if list(OUT.glob("00_*.svg")):
        out.say(f"Open the pictures in {os.path.relpath(OUT)} with a browser.")
    out.say("Draw your own:")
    out.say(f'{started()} --sentence "your five words here" --seed 1', "  ")
    out.say("Train on your own text: --data FILE. Then the lessons, where you write the part that matters:")
    out.say(typed(near(os.path.dirname(__file__))), "  ")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # the reader went away, as `head` does
        discard_output()
        sys.exit(0)
