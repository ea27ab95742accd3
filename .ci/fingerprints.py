"""One SHA-256 for everything that a change of the inside alone must leave as it is: `python .ci/fingerprints.py [FOLDER]`.

Pictures of the gallery, the page, DOT, texts, checkpoints, weights and ONNX models are made with public names, written into FOLDER
(by default one that goes away) and hashed. Run it before and after, and compare the two outputs.
"""

import hashlib
import io
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np

import tinygrad_rnn as tg
from visuals import ORDER, drawn


def networks(rng):
    """(name, loss) of networks that the gallery does not have."""
    x = rng.standard_normal((2, 4, 3))
    layers = {
        "rnn": tg.nn.RNN(3, 4, rng=rng),
        "lstm_both_ways": tg.nn.LSTM(3, 4, num_layers=2, bidirectional=True, rng=rng),
        "gru_norm": tg.nn.GRU(3, 4, layer_norm=True, rng=rng),
        "dropout": tg.nn.LSTM(3, 4, num_layers=2, dropout=0.3, recurrent_dropout=0.2, rng=rng),
    }
    for name, layer in layers.items():
        yield name, (layer(x)[0] ** 2).mean()
    packed = tg.nn.pack([x[0], x[1][:2]])
    yield "packed", sum((y**2).sum() for y in tg.nn.LSTM(3, 4, rng=rng)(packed)[0])
    classifier = tg.nn.SequenceClassifier(tg.nn.Embedding(7, 3, rng=rng), tg.nn.GRU(3, 4, rng=rng), tg.nn.Linear(4, 2, rng=rng))
    yield "classifier", tg.functional.cross_entropy(classifier(np.array([[1, 2, 3], [4, 5, 6]])), [0, 1])


def made(folder):
    """Write every file; its name, in order."""
    for name in ORDER:
        drawing, svg, _ = drawn(name)
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        (folder / f"{name}.txt").write_text(drawing.describe(), encoding="utf-8")
        (folder / f"{name}.dot").write_text(drawing.to_graphviz().source, encoding="utf-8")
    for name, loss in networks(np.random.default_rng(3)):
        loss.backward()
        for detail in ("op", "gate", "cell"):
            for theme in ("light", "dark"):
                try:
                    picture = tg.draw(loss, detail=detail, theme=theme)
                    text = picture.svg() + picture.svg(animated=True) + picture.describe() + picture.to_graphviz().source
                except tg.errors.TinygradRnnError as error:
                    text = f"{error}"
                (folder / f"{name}-{detail}-{theme}.svg").write_text(text, encoding="utf-8")
        tg.draw(loss, detail="cell").save(folder / f"{name}.html")
        (folder / f"{name}-steps.txt").write_text("\n".join(map(str, tg.backward_steps(loss))), encoding="utf-8")
    for command in ("page --seed 0", "draw --cell rnn", "draw --cell lstm --steps 4 --layers 2"):
        kind = ".html" if command.startswith("page") else ".svg"
        target = folder / (command.replace(" ", "_") + kind)
        with redirect_stdout(io.StringIO()):
            from tinygrad_rnn.commands import main

            main([*command.split(), "-o", str(target)])
    files(folder)


def files(folder):
    """A checkpoint, weights and ONNX models of a small training."""
    rng = np.random.default_rng(5)
    model = tg.nn.CharModel(9, tg.nn.LSTM(9, 8, dropout=0.2, num_layers=2, rng=rng), features=9, hidden_size=8, rng=rng)
    ids = rng.integers(0, 9, size=(6, 3, 11))

    def loss_of(model, batch, state):
        logits, state = model(batch[:, :-1], state)
        return tg.functional.cross_entropy(logits, batch[:, 1:]), state

    tg.train.fit(
        model, loss_of, lambda rng: ids[rng.permutation(6)], tg.optim.Adam(model.parameters(), lr=0.01), epochs=2, stateful=True,
        clip=1.0, rng=rng, checkpoint=folder / "run.npz",
    )  # fmt: skip
    tg.io.save(model, folder / "run.safetensors")
    tg.io.save(model, folder / "weights.npz")
    small = tg.nn.SequenceClassifier(tg.nn.Embedding(9, 4, rng=rng), tg.nn.GRU(4, 8, rng=rng), tg.nn.Linear(8, 3, rng=rng))
    tg.io.export_onnx_recurrent(small, folder / "recurrent.onnx")
    written = tg.generate(model, [1, 2, 3], 20, rng=rng)
    (folder / "generated.txt").write_text(repr(written), encoding="utf-8")


def main():
    with tempfile.TemporaryDirectory() as own:
        folder = Path(sys.argv[1] if sys.argv[1:] else own)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            sys.exit(f"error: {folder} is not empty\n\nhint: name a new folder, so that nothing is left over from before")
        made(folder)
        whole = hashlib.sha256()
        for path in sorted(folder.iterdir()):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(digest.encode())
            print(digest[:16], path.name)
        print(whole.hexdigest(), "all")


if __name__ == "__main__":
    main()
