"""A run of PyTorch as a graph of this package: its gradients are PyTorch's, its steps are found, and the run is what it would have been."""

import gc
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, GraphError
from tinygrad_rnn.io.torch_run.foreign import Call

torch = pytest.importorskip("torch")
F, tn = torch.nn.functional, torch.nn
D = torch.float64
X = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 6, 4)))
IDS, Y, LENGTHS = (
    torch.from_numpy(np.random.default_rng(1).integers(0, 9, (3, 6))),
    torch.tensor([0, 1, 1]),
    torch.tensor([4, 6, 2]),
)


def last(model):
    out = model(X.to(next(model.parameters()).dtype))
    return ((out[0] if isinstance(out, tuple) else out)[:, -1] ** 2).sum()


def everywhere(model):
    return (model(X) ** 2).mean()


def classes(model):
    return F.cross_entropy(model(IDS, LENGTHS), Y)


def uniform(module, seed=0):
    """Weights that depend on the seed alone."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.from_numpy(rng.uniform(-0.6, 0.6, p.shape)))
    return module


class Classifier(tn.Module):
    def __init__(self, padding=None):
        super().__init__()
        self.embedding = tn.Embedding(9, 4, padding_idx=padding, dtype=D)
        self.rnn = tn.LSTM(4, 5, batch_first=True, dtype=D)
        self.out = tn.Linear(5, 2, dtype=D)

    def forward(self, ids, lengths):
        packed = tn.utils.rnn.pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _c) = self.rnn(packed)
        return self.out(F.dropout(h[-1], 0.2, self.training))


class Pooled(Classifier):
    def forward(self, ids, lengths):
        packed = tn.utils.rnn.pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = tn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(outputs.sum(1) / lengths[:, None])


class ByHand(tn.Module):
    """An LSTM as tutorials write it."""

    def __init__(self):
        super().__init__()
        self.Wx, self.Wh = tn.Parameter(torch.zeros(4, 20, dtype=D)), tn.Parameter(torch.zeros(5, 20, dtype=D))
        self.b = tn.Parameter(torch.zeros(20, dtype=D))

    def forward(self, x):
        h, c, hs = torch.zeros(3, 5, dtype=D), torch.zeros(3, 5, dtype=D), []
        for t in range(x.shape[1]):
            a = x[:, t] @ self.Wx + h @ self.Wh + self.b
            i, f, g, o = a.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            hs.append(h)
        return torch.stack(hs, 1)


class TwoCells(tn.Module):
    """Two cells above each other in one loop, whose outputs are written into a tensor."""

    def __init__(self, cell):
        super().__init__()
        self.low, self.high = cell(4, 5, dtype=D), cell(5, 5, dtype=D)

    def forward(self, x):
        a = b = None
        ys = torch.zeros(3, 6, 5, dtype=D)
        for t in range(x.shape[1]):
            a = self.low(x[:, t], a)
            b = self.high(a[0] if isinstance(a, tuple) else a, b)
            ys[:, t] = b[0] if isinstance(b, tuple) else b
        return ys


class LoopAfterLoop(tn.Module):
    """Each layer runs over all steps before the next one begins."""

    def __init__(self):
        super().__init__()
        self.cells = tn.ModuleList([tn.GRUCell(4, 5, dtype=D), tn.GRUCell(5, 5, dtype=D)])

    def forward(self, x):
        xs = list(x.unbind(1))
        for cell in self.cells:
            h, hs = torch.zeros(3, 5, dtype=D), []
            for one in xs:
                h = cell(one, h)
                hs.append(h)
            xs = hs
        return torch.stack(xs, 1)


class EncoderDecoder(tn.Module):
    """The decoder goes on in time where the encoder ended."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder, self.out = tn.GRUCell(4, 5, dtype=D), tn.GRUCell(5, 5, dtype=D), tn.Linear(5, 5, dtype=D)

    def forward(self, x):
        h = torch.zeros(3, 5, dtype=D)
        for t in range(6):
            h = self.encoder(x[:, t], h)
        y, ys = torch.zeros(3, 5, dtype=D), []
        for _ in range(4):
            h = self.decoder(y, h)
            y = self.out(h)
            ys.append(y)
        return torch.stack(ys, 1)


class MinGRU(tn.Module):
    """Gates that do not look back (Feng et al. 2024): no weight is used on what came of its use one step before."""

    def __init__(self):
        super().__init__()
        self.z, self.h = tn.Linear(4, 5, dtype=D), tn.Linear(4, 5, dtype=D)

    def forward(self, x):
        h, hs = torch.zeros(3, 5, dtype=D), []
        for t in range(x.shape[1]):
            z = torch.sigmoid(self.z(x[:, t]))
            h = (1 - z) * h + z * self.h(x[:, t])
            hs.append(h)
        return torch.stack(hs, 1)


class Odd(tn.Module):
    """Functions that have no counterpart here."""

    def __init__(self):
        super().__init__()
        self.conv, self.cell = tn.Conv1d(4, 4, 3, padding=1, dtype=D), tn.RNNCell(4, 5, dtype=D)

    def forward(self, x):
        x, h, hs = F.gelu(self.conv(x.transpose(1, 2))).transpose(1, 2), torch.zeros(3, 5, dtype=D), []
        for t in range(x.shape[1]):
            h = F.dropout(self.cell(x[:, t], torch.cummax(h, 1).values), 0.3)
            hs.append(h)
        return torch.stack(hs, 1)


def layer(kind, **settings):
    return lambda: getattr(tn, kind)(4, 5, batch_first=True, dtype=D, **settings)


RUNS = {
    **{
        f"{kind} {layers} layers{' both ways' * both}": (
            layer(kind, num_layers=layers, bidirectional=both, dropout=0.3 * (layers > 1)), last, range(1, 7),
        )
        for kind in ("RNN", "LSTM", "GRU") for layers in (1, 2) for both in (False, True)
    },
    "relu without biases": (layer("RNN", nonlinearity="relu", bias=False), last, range(1, 7)),
    "projected": (layer("LSTM", proj_size=3), last, range(1, 7)),
    "packed": (Classifier, classes, range(1, 7)),
    "packed, padding_idx": (lambda: Classifier(0), classes, range(1, 7)),
    "packed, pooled": (Pooled, classes, range(1, 7)),
    "LSTM by hand": (ByHand, last, range(1, 7)),
    **{
        f"two {cell}s in place": (lambda cell=cell: TwoCells(getattr(tn, cell)), everywhere, range(1, 7))
        for cell in ("RNNCell", "LSTMCell", "GRUCell")
    },
    "loop after loop": (LoopAfterLoop, last, range(1, 7)),
    "encoder and decoder": (EncoderDecoder, everywhere, range(1, 11)),
    "minGRU": (MinGRU, last, range(1, 7)),
    "odd functions": (Odd, last, range(1, 7)),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_gradients_are_pytorchs_and_the_run_is_what_it_would_have_been(name):
    make, loss_of, steps = RUNS[name]
    model = uniform(make())
    torch.manual_seed(0)
    expected = loss_of(model)
    after = torch.get_rng_state()
    torch.manual_seed(0)
    with tg.watch(model) as run:
        loss = loss_of(model)
    assert torch.equal(loss, expected)
    assert torch.equal(torch.get_rng_state(), after)
    graph = run.snapshot(loss)
    assert all(p.grad is None for p in model.parameters())
    assert graph.steps == tuple(steps)
    assert graph.root.value == pytest.approx(loss.item(), rel=1e-12)
    loss.backward()
    known = {r.path: r for r in graph.parameters}
    for path, p in model.named_parameters():
        parts = graph.contributions(known[path])
        np.testing.assert_allclose(sum(parts.values()), p.grad.numpy(), rtol=0, atol=1e-12)
    for detail in ("op", "gate", "cell"):
        assert tg.draw(graph, detail=detail).svg().startswith("<svg")
    assert tg.draw(graph).describe()


OWN = {"RNN": ("a", "h"), "LSTM": ("a", "i", "f", "g", "o", "c", "h"), "GRU": ("r", "z", "n", "h")}


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("kind", OWN)
def test_every_gate_and_state_is_that_of_our_own_layer_with_the_same_weights(kind, both, layers):
    own = getattr(tg.nn, kind)(4, 5, num_layers=layers, bidirectional=both, rng=np.random.default_rng(0))
    theirs = getattr(tn, kind)(4, 5, num_layers=layers, bidirectional=both, batch_first=True, dtype=D)
    theirs.load_state_dict({name: torch.from_numpy(value) for name, value in tg.io.to_torch_state_dict(own).items()})
    ours = tg.snapshot((own(X.numpy())[0] ** 2).sum())
    with tg.watch(theirs) as run:
        loss = (theirs(X)[0] ** 2).sum()
    graph = run.snapshot(loss)

    def places(g):
        frames = ("layer", "direction", "t")
        return {
            (r.name, *(str(frame) for frame in r.frames if frame.name in frames)): r
            for r in g
            if r.kind == "op" and r.name in OWN[kind]
        }

    expected, found = places(ours), places(graph)
    if layers == 1:
        expected = {tuple(part for part in key if part != "layer=1"): r for key, r in expected.items()}
    assert found.keys() == expected.keys()
    for key, r in expected.items():
        np.testing.assert_allclose(found[key].value, r.value, rtol=0, atol=1e-12)
        if r.grad is not None:
            np.testing.assert_allclose(found[key].grad, r.grad, rtol=0, atol=1e-12)


def test_probes_and_the_printed_program_read_it():
    model = uniform(tn.LSTM(4, 5, batch_first=True, dtype=D))
    with tg.watch(model) as run:
        loss = last(model)
    graph = run.snapshot(loss)
    assert tg.probe.gradient_by_step(graph).shape == (6,)
    assert tg.probe.step_jacobians(graph).shape == (5, 3, 10, 10)
    assert list(tg.probe.gates(graph)) == ["i", "f", "g", "o"]
    assert tg.probe.contributions(graph, "weight_hh_l0").shape == (6, 20, 5)
    text = tg.program.source(run.loss(loss))
    loss.backward()
    made = {}
    exec(text, made)
    given = {"W_ih": model.weight_ih_l0, "W_hh": model.weight_hh_l0, "b_ih": model.bias_ih_l0, "b_hh": model.bias_hh_l0}
    assert "for t in reversed(" in text
    assert given.keys()


def test_odd_functions_are_probed_too():
    model = uniform(Odd())
    with tg.watch(model) as run:
        loss = last(model)
    expected = [p.numpy() for p in torch.autograd.grad(loss, list(model.parameters()), retain_graph=True)]
    assert tg.probe.gradient_by_step(run.snapshot(loss)).shape == (6,)
    live = run.loss(loss)
    found = tg.grad(live, [leaf for leaf in _leaves(live)])
    assert sorted(round(float(np.abs(g).sum()), 9) for g in found) == sorted(round(float(np.abs(g).sum()), 9) for g in expected)


def _leaves(loss):
    from tinygrad_rnn.engine.graph import reachable
    from tinygrad_rnn.engine.tensor import Tensor

    made = []
    for node in reachable(loss.node)[1]:
        t = Tensor(node.value)
        t.node = node
        made.append(t)
    return made


def test_a_time_step_of_ones_own_has_the_last_word():
    cell = uniform(tn.RNNCell(4, 5, dtype=D))
    with tg.watch(cell) as run:
        h = torch.zeros(3, 5, dtype=D)
        for t in (2, 4, 6):
            with tg.time_step(t):
                h = cell(X[:, t - 1], h)
        loss = h.sum()
    assert run.snapshot(loss).steps == (2, 4, 6)


def test_float32_and_half_precision():
    model = tn.GRU(4, 5, batch_first=True)
    with tg.watch(model) as run:
        loss = last(model)
    graph = run.snapshot(loss)
    loss.backward()
    for r in graph.parameters:
        np.testing.assert_allclose(r.grad, dict(model.named_parameters())[r.path].grad.numpy(), rtol=0, atol=1e-6)
    linear = tn.Linear(4, 5)
    with tg.watch(linear) as run, torch.autocast("cpu", torch.bfloat16):
        loss = linear(X.float()).float().square().mean()
    graph = run.snapshot(loss)
    loss.backward()
    np.testing.assert_allclose(graph.find("weight").grad, linear.weight.grad.numpy(), rtol=0.05, atol=0.01)


def test_what_is_detached_is_cut():
    cell = uniform(tn.RNNCell(4, 5, dtype=D))
    with tg.watch(cell) as run:
        h = torch.zeros(3, 5, dtype=D)
        for t in range(4):
            h = cell(X[:, t], h.detach() if t == 2 else h)
        loss = (h**2).sum()
    graph = run.snapshot(loss)
    assert graph.steps == (3, 4)
    loss.backward()
    np.testing.assert_allclose(graph.find("weight_hh").grad, cell.weight_hh.grad.numpy(), rtol=0, atol=1e-12)


def test_writing_in_place_reaches_every_view():
    w = tn.Linear(4, 4, dtype=D)
    with tg.watch(w) as run:
        y = w(X[:, 0])
        row, column = y[1], y[:, 2]
        y.mul_(2.0)
        row += 1.0
        y[0] = 3.0
        column[2] -= 1.0
        loss = (y * y).sum() + row.sum() + (column**3).sum()
    graph = run.snapshot(loss)
    loss.backward()
    assert graph.root.value == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(graph.find("weight").grad, w.weight.grad.numpy(), rtol=0, atol=1e-11)


def test_an_update_inside_the_watch():
    model = tn.Linear(4, 4, dtype=D)
    sgd = torch.optim.SGD(model.parameters(), 0.1)
    with tg.watch(model) as run:
        (model(X) ** 2).sum().backward()
        sgd.step()
        sgd.zero_grad()
        loss = (model(X) ** 2).sum()
    graph = run.snapshot(loss)
    loss.backward()
    for r in graph.parameters:
        np.testing.assert_allclose(r.grad, dict(model.named_parameters())[r.path].grad.numpy(), rtol=1e-12, atol=1e-12)


def test_what_gives_something_else_when_it_is_called_again_has_no_gradient_here():
    x, count = torch.ones(2, dtype=D), iter(range(9))
    call = Call(torch, "odd", lambda leaves: leaves[0] * next(count), [x], torch.get_rng_state(), np.zeros(2))
    np.testing.assert_array_equal(call.gradient(np.ones(2), 0), np.zeros(2))
    with pytest.raises(GraphError, match="gives something else when it is called again"):
        call.gradient(np.ones(2), 0)


def test_a_broken_value_is_found_in_its_step():
    model = uniform(ByHand())
    x = X.clone()
    x[:, 3] = float("inf")
    with tg.watch(model) as run:
        loss = (model(x)[:, -1] ** 2).sum()
    assert "t=4" in tg.draw(run.snapshot(loss)).describe()


def test_nothing_grows_over_many_runs():
    model = uniform(tn.LSTM(4, 5, batch_first=True, dtype=D))

    def once():
        with tg.watch(model) as run:
            loss = last(model)
        run.snapshot(loss)

    once()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(20):
        once()
    gc.collect()
    assert len(gc.get_objects()) < before + 200


REFUSED = {
    "no module": (lambda: tg.watch(3), DataError, "torch.nn.Module"),
    "TorchScript": (lambda: tg.watch(torch.jit.script(tn.Linear(2, 2))), GraphError, "scripted"),
    "no tensor": (lambda: watched(lambda m: 1.0), GraphError, "computed inside"),
    "no gradient": (lambda: watched(lambda m: quiet(m)), GraphError, "no_grad"),
    "another loss": (lambda: watched(lambda m: 0, tn.Linear(2, 1)(torch.ones(2)).sum()), GraphError, "with tg.watch"),
    "half outside": (lambda: half_outside(), GraphError, "inside"),
    "several numbers": (lambda: several(), GraphError, "sum"),
    "opened again": (lambda: twice(), GraphError, "another"),
}


def watched(loss_of, other=None):
    model = tn.Linear(4, 5, dtype=D)
    with tg.watch(model) as run:
        loss = loss_of(model)
    return run.snapshot(loss if other is None else other)


def quiet(model):
    with torch.no_grad():
        return model(X).sum()


def half_outside():
    model = tn.Linear(4, 4, dtype=D)
    h = model(X)
    with tg.watch(model) as run:
        loss = model(h).sum()
    run.snapshot(loss)


def several():
    model = tn.Linear(4, 4, dtype=D)
    with tg.watch(model) as run:
        y = model(X)
    next(tg.backward_steps(run.loss(y)))


def twice():
    run = tg.watch(tn.Linear(2, 2))
    with run:
        pass
    with run:
        pass


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_watched_says_why(name):
    call, kind, hint = REFUSED[name]
    warnings.simplefilter("ignore")  # TorchScript is on its way out
    with pytest.raises(kind) as refused:
        call()
    assert hint in refused.value.hint


def test_the_page_about_it_runs(tmp_path, monkeypatch, capsys):
    page = (Path(__file__).resolve().parents[2] / "docs" / "how_to" / "see_your_own_network.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(page.split("```\n")[1], {})
    assert (tmp_path / "mine.svg").stat().st_size > 10_000
    said = capsys.readouterr().out
    assert said.startswith("LSTM, 30 steps")
    assert "for t in reversed(" in said
