"""Plots: each on what a probe really returns, in both themes, on hostile input, and without a trace in matplotlib's settings."""

import io
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.viz.style import THEMES, Brush, Scale, contrast

matplotlib = pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'tinygrad_rnn[plots]'")
from matplotlib.colors import to_rgba  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from plot_checks import check_writing  # noqa: E402

from tinygrad_rnn.plots.canvas import SERIES  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
NAN, INF = float("nan"), float("inf")


@cache
def recorded(kind=tg.nn.LSTMCell, steps=7):
    """(loss, inputs, states) of a small net."""
    rng = np.random.default_rng(0)
    x = tg.Tensor(rng.standard_normal((2, steps, 3)), requires_grad=True)
    hs, _ = tg.nn.unroll(kind(3, 4, rng=rng), x)
    return (hs[-1] ** 2).sum(), x, hs


@cache
def history(updates=5):
    rng = np.random.default_rng(0)
    model = tg.nn.Linear(3, 1, rng=rng)
    x = rng.standard_normal((8, 3))
    settings = {"updates": updates, "evaluate": lambda model: {"held out": 1.0, "error": 0.5}, "every": 2, "progress": False}
    sgd = tg.optim.SGD(model.parameters(), lr=0.1)
    return tg.train.fit(model, lambda model, rows: (model(rows) ** 2).mean(), [x, x], sgd, **settings)


def bowl(dims):
    return tg.probe.landscape(lambda w: (w**2).sum(), np.zeros(2), np.eye(2)[:dims], points=5)


def of_rnn():
    return recorded(tg.nn.RNNCell)[0]


PATH = [[1.0, 1.0], [0.5, 0.5], [0.0, 0.1]]
REAL = {
    "gradient_norms": lambda **k: tg.plots.gradient_norms({"LSTM": tg.probe.gradient_by_step(recorded()[0])}, **k),
    "gradient_norms, seeds": lambda **k: tg.plots.gradient_norms(
        {"a": 0.5 ** np.add.outer(np.arange(3.0), np.arange(60.0)[::-1])}, against="t", **k
    ),
    "jacobian_map": lambda **k: tg.plots.jacobian_map(
        {"LSTM": tg.probe.connectivity(recorded()[2], recorded()[1]), "b": np.eye(7)}, **k
    ),
    "singular_values": lambda **k: tg.plots.singular_values(
        tg.probe.singular_values(tg.probe.step_jacobians(of_rnn())), tg.probe.bound(of_rnn()), **k
    ),
    "truncation": lambda **k: tg.plots.truncation(tg.probe.truncation(recorded()[0]), **k),
    "gates": lambda **k: tg.plots.gates(tg.probe.gates(recorded()[0]), example=1, **k),
    "trajectory": lambda **k: tg.plots.trajectory([h.data for h in recorded()[2]], ["one", "two"], **k),
    "landscape": lambda **k: tg.plots.landscape(bowl(2), {"descent": PATH}, **k),
    "landscape, a line": lambda **k: tg.plots.landscape(bowl(1), {"descent": np.array(PATH)[:, :1]}, names=["w"], **k),
    "training": lambda **k: tg.plots.training(history(), **k),
    "activation_memory": lambda **k: tg.plots.activation_memory(tg.probe.activation_memory(recorded()[0]), **k),
}


def rendered(figure, kind="svg"):
    data = io.BytesIO()
    figure.savefig(data, format=kind)
    return data.getvalue()


def test_every_plot_is_tried_here():
    tried = {name.partition(",")[0] for name in REAL}
    assert tried == set(tg.plots.__all__) - {"save", "describe"}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", REAL)
def test_each_draws_what_a_probe_returns(name, theme):
    figure = REAL[name](theme=theme)
    assert isinstance(figure, Figure)
    assert to_rgba(THEMES[theme].paper) == figure.get_facecolor()
    check_writing(figure)
    assert tg.plots.describe(figure).endswith(".")
    assert any(ax.get_xlabel() for ax in figure.axes)
    assert figure.axes[0].get_ylabel()


def test_numbers_of_steps_stand_in_their_order():
    ks, cosines, ratios = np.array([4, 1, 9]), np.array([0.8, 0.1, 1.0]), np.array([0.7, 0.2, 1.0])
    figure = tg.plots.truncation(tg.probe.Truncation(ks, cosines, ratios))
    line = figure.axes[0].lines[0]
    assert line.get_xdata().tolist() == [1, 4, 9]
    assert line.get_ydata().tolist() == [0.1, 0.8, 1.0]
    assert tg.plots.describe(figure).startswith(
        "Cut after 1 step, a gradient has cosine 0.1 with the full one; 0.95 needs 9 steps"
    )
    low, high = figure.axes[0].get_xlim()
    assert 0.5 < low < 1 < 9 < high < 9.5


def test_writing_that_leaves_the_figure_or_overlaps_is_noticed():
    with pytest.raises(AssertionError, match="leaves the figure"):
        check_writing(
            tg.plots.gradient_norms({"a": [0.1, 1.0]}, what="a name as long as a sentence that never ends, and on and on")
        )
    figure = REAL["truncation"]()
    figure.axes[0].annotate("here", (0.5, 0.5), xycoords="axes fraction")
    figure.axes[0].annotate("there", (0.5, 0.5), xycoords="axes fraction")
    with pytest.raises(AssertionError, match="'here' lies on 'there'"):
        check_writing(figure)


def test_a_title_of_ones_own_replaces_the_finding():
    for make in REAL.values():
        assert tg.plots.describe(make(title="My run")).startswith("My run.")


@pytest.mark.once
@pytest.mark.parametrize("name", REAL)
def test_matplotlib_keeps_its_settings_and_has_no_say_in_the_picture(name, tmp_path):
    before = dict(matplotlib.rcParams)
    plain = tg.plots.save(REAL[name](), tmp_path / "a.svg").read_bytes()
    assert dict(matplotlib.rcParams) == before
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "xtick.major.size": 20, "svg.hashsalt": "x"}):
        mine = dict(matplotlib.rcParams)
        assert tg.plots.save(REAL[name](), tmp_path / "b.svg").read_bytes() == plain
        assert dict(matplotlib.rcParams) == mine


def test_settings_come_back_after_an_error():
    before = dict(matplotlib.rcParams)
    with pytest.raises(DataError):
        tg.plots.landscape(bowl(2), {"descent": [[1.0]]})
    assert dict(matplotlib.rcParams) == before


def test_pyplot_is_never_imported(tmp_path):
    program = (
        "import sys, tinygrad_rnn as tg; assert 'matplotlib' not in sys.modules; "
        "tg.plots.save(tg.plots.gradient_norms({'a': [0.1, 1.0]}), sys.argv[1]); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(tmp_path / "a.svg")], check=True, cwd=ROOT)
    assert (tmp_path / "a.svg").is_file()


def test_without_matplotlib_there_is_one_clear_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(DataError, match="matplotlib, which is not installed") as caught:
        tg.plots.gradient_norms({"a": [1.0]})
    assert "tinygrad_rnn[plots]" in caught.value.hint


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_files_are_the_same_each_time_and_say_what_they_show(suffix, start, tmp_path):
    figures = [REAL["truncation"](), REAL["truncation"]()]
    one, two = (tg.plots.save(f, tmp_path / f"{k}.{suffix}").read_bytes() for k, f in enumerate(figures))
    assert one == two
    assert one.startswith(start)
    if suffix != "pdf":  # there it is compressed
        assert b"a gradient has cosine" in one


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_the_old_one(tmp_path):
    figure = REAL["truncation"]()
    for path in ("plot.txt", "", tmp_path, tmp_path / "no folder" / "a.svg"):
        with pytest.raises(DataError, match="cannot"):
            tg.plots.save(figure, path)
    old = tmp_path / "a.svg"
    old.write_text("old")
    figure.axes[0].set_title("$\\unknown$")
    with pytest.raises(ValueError, match="unknown"):
        tg.plots.save(figure, old)
    assert old.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


# content


def test_curves_are_medians_relative_to_the_last_step():
    rows = np.array([[1.0, 2.0, 4.0], [1.0, 8.0, 16.0], [3.0, 1.0, 4.0]])
    line = tg.plots.gradient_norms({"a": rows}).axes[0].lines[0]
    assert line.get_xdata().tolist() == [2, 1, 0]
    assert line.get_ydata().tolist() == [0.25, 0.5, 1.0]
    figure = tg.plots.gradient_norms({"a": rows}, against="t")
    assert "as they were read" in figure.axes[0].get_xlabel()  # what a backward lane read first is no step 1
    assert "step 1" not in tg.plots.describe(figure)
    line = figure.axes[0].lines[0]
    assert line.get_xdata().tolist() == [1, 2, 3]


def test_zeros_and_nan_are_marked_apart_from_the_curve():
    figure = tg.plots.gradient_norms({"a": [0.0, 0.0, NAN, 0.5, 1.0]})
    marks = {line.get_marker(): line.get_xdata().tolist() for line in figure.axes[0].lines if line.get_marker() in ("x", "$?$")}
    assert marks == {"x": [4, 3], "$?$": [2]}
    assert "× exactly 0. ? not a number" in tg.plots.describe(figure)
    assert "exactly 0" not in tg.plots.describe(tg.plots.gradient_norms({"a": [0.5, 1.0]}))


def test_the_float32_epsilon_is_shaded_only_where_it_is_reached():
    def shaded(lowest):
        return any("ε" in text.get_text() for text in tg.plots.gradient_norms({"a": [lowest, 1.0]}).axes[0].texts)

    assert shaded(1e-9)
    assert not shaded(1e-3)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_map_has_the_colours_of_the_graphs(theme):
    matrix = np.array([[1e-3, 0.0], [NAN, 1.0]])
    ax = tg.plots.jacobian_map({"a": matrix}, theme=theme).axes[0]
    brush = Brush(Scale.of([1e-3, 1.0]), THEMES[theme])
    pixels = ax.images[0].get_array()
    for k in ((0, 0), (1, 0), (1, 1)):
        assert tuple(pixels[k]) == pytest.approx(to_rgba(brush.fill(matrix[k])))
    assert pixels[0, 1, 3] == 0.0
    assert ax.patch.get_hatch() == "////"
    assert to_rgba(brush.fill(NAN)) != to_rgba(brush.fill(0.0))


def test_maps_share_a_scale_which_may_be_given():
    bars = [
        tg.plots.jacobian_map({"a": [[1e-2]], "b": [[1e-5]]}, **given).axes[-1].get_ylim() for given in ({}, {"scale": (-9, 2)})
    ]
    assert bars == [(-5.0, -2.0), (-9.0, 2.0)]


def test_saturation_counts_the_time_of_every_unit():
    values = np.zeros((10, 1, 2))
    values[:, 0, 0] = [0.05] * 3 + [0.5] * 3 + [0.95] * 4
    values[:, 0, 1] = 0.5
    ax = tg.plots.gates({"f": tg.probe.Gate("sigmoid", values, *np.zeros((3, 10)))}).axes[1]
    points = ax.lines[1]
    assert list(zip(points.get_xdata(), points.get_ydata(), strict=True)) == [(0.3, 0.4), (0.0, 0.0)]


def test_the_first_direction_goes_to_the_right_and_the_second_up():
    slope = tg.probe.landscape(lambda w: w[0] + 10 * w[1], np.zeros(2), np.eye(2), points=(3, 5))
    image = tg.plots.landscape(slope).axes[0].images[0]
    assert image.get_array().shape[:2] == (5, 3)
    assert image.origin == "lower"
    largest, smallest = (tuple(image.get_array()[k, k]) for k in (-1, 0))
    assert largest == pytest.approx(to_rgba(THEMES["light"].level(1.0)))
    assert smallest == pytest.approx(to_rgba(THEMES["light"].level(0.0)))


def test_gates_are_those_of_the_chosen_sequence_a_row_a_unit():
    values = np.zeros((3, 2, 4))
    values[2, 1, 0] = 1.0
    pixels = tg.plots.gates({"f": tg.probe.Gate("sigmoid", values, *np.zeros((3, 3)))}, example=1).axes[0].images[0].get_array()
    open_ = np.isclose(pixels, to_rgba(THEMES["light"].level(1.0))).all(axis=2)
    assert open_.shape == (4, 3)
    assert np.argwhere(open_).tolist() == [[0, 2]]


def test_a_tanh_has_a_colour_bar_of_its_own():
    figure = tg.plots.gates(tg.probe.gates(recorded()[0]))
    assert [ax.get_title(loc="left") for ax in figure.axes[:4]] == ["i", "f", "o", "g"]
    bars = {ax.get_ylabel(): ax.get_ylim() for ax in figure.axes[8:]}
    assert bars == {"value of a gate": (0.0, 1.0), "value of a tanh": (-1.0, 1.0)}
    rendered(figure)
    left = {name: ax.get_position().x0 for name, ax in zip("ifog", figure.axes, strict=False)}
    gate, tanh = (ax.get_position().x0 for ax in figure.axes[8:])
    assert left["o"] < gate < left["g"] < tanh
    one = tg.plots.gates({"f": gate_of("sigmoid")})
    assert [ax.get_ylim() for ax in one.axes[2:]] == [(0.0, 1.0)]
    assert [ax.get_ylim() for ax in tg.plots.gates({"g": gate_of("tanh")}).axes[2:]] == [(-1.0, 1.0)]


def gate_of(op):
    return tg.probe.Gate(op, np.full((3, 1, 2), 0.5), *np.zeros((3, 3)))


def test_the_trajectory_is_the_projection_on_the_principal_components():
    rng = np.random.default_rng(0)
    states = rng.standard_normal((20, 3, 6)) * [9, 4, 1, 0.1, 0.1, 0.1]
    figure = tg.plots.trajectory(states)
    rows = states.reshape(-1, 6) - states.reshape(-1, 6).mean(axis=0)
    share = np.sort(np.linalg.eigvalsh(rows.T @ rows))[::-1]
    assert f"{share[:2].sum() / share.sum():.0%} of the variance" in tg.plots.describe(figure)
    spots = np.concatenate([np.asarray(spot.get_offsets()) for spot in figure.axes[0].collections])
    assert (spots**2).sum(axis=0) == pytest.approx(share[:2])
    again = tg.plots.trajectory(states[:, :, [1, 0, 2, 3, 4, 5]])  # the order of the units says nothing
    assert np.concatenate([np.asarray(spot.get_offsets()) for spot in again.axes[0].collections]) == pytest.approx(spots)


def test_a_path_stands_where_its_points_are():
    ax = tg.plots.landscape(bowl(2), {"descent": PATH}).axes[0]
    assert ax.lines[-1].get_xydata().tolist() == PATH
    assert ax.images[0].get_extent() == [-1.25, 1.25, -1.25, 1.25]
    curve, path = tg.plots.landscape(bowl(1), {"descent": [[1.0], [0.5]]}).axes[0].lines
    assert curve.get_ydata().tolist() == [1.0, 0.25, 0.0, 0.25, 1.0]
    assert path.get_ydata().tolist() == [1.0, 0.25]


def test_memory_is_all_there():
    found = tg.probe.activation_memory(recorded()[0])
    left, right = tg.plots.activation_memory(found).axes
    unit = {"bytes": 1, "KiB": 1024}[left.get_ylabel()]
    assert sum(bar.get_height() for bar in left.patches) * unit == pytest.approx(found.by_step.sum())
    assert sum(bar.get_width() for bar in right.patches) * unit == pytest.approx(found.total)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_curves_are_seen_on_their_paper_and_differ_in_more_than_colour(theme):
    paper = THEMES[theme]
    assert min(contrast(colour, paper.paper) for colour in SERIES[theme]) >= 4.5
    assert contrast(paper.soft, paper.paper) >= 4.5
    lines = tg.plots.gradient_norms({name: [0.1, 1.0] for name in "abcdef"}, theme=theme).axes[0].lines[:6]
    assert len({line.get_marker() for line in lines}) == len({str(line._dash_pattern) for line in lines}) == 6


# hostile input


def truncated(*numbers):
    return tg.probe.Truncation(np.arange(1, len(numbers) + 1), np.array(numbers), np.array(numbers))


def surface(values):
    values = np.array(values, float)
    return tg.probe.Landscape(tuple(np.arange(n) * 1.0 for n in values.shape), values)


def gate(values, op="sigmoid"):
    values = np.array(values, float).reshape(-1, 1, 2)
    return tg.probe.Gate(op, values, *np.zeros((3, len(values))))


def logged(*numbers):
    log = tg.train.history.Log()
    for x in numbers:
        log.add(x, x, x)
    return log.history()


ODD = [0.0], [0.0, 0.0], [NAN, NAN], [INF, 1.0], [1.0, INF], [-1.0, 1.0], [5e-324, 1.7e308], [1e-300, 1e-299], [1.0]
HOSTILE = {
    **{f"norms {v}": lambda v=v: tg.plots.gradient_norms({"a": v, "b": v[::-1]}) for v in ODD},
    **{f"norms of seeds {v}": lambda v=v: tg.plots.gradient_norms({"a": [v, v]}, against="t") for v in ODD},
    **{f"map {v}": lambda v=v: tg.plots.jacobian_map({"a": [v], "b": [[0.0]]}) for v in ODD if min(v) != -1.0},
    **{f"singular values {v}": lambda v=v: tg.plots.singular_values([v, v]) for v in ODD},
    **{f"truncation {v}": lambda v=v: tg.plots.truncation(truncated(*v)) for v in ODD},
    **{f"line {v}": lambda v=v: tg.plots.landscape(surface(v)) for v in ODD},
    **{f"surface {v}": lambda v=v: tg.plots.landscape(surface([v, v]), {"path": [[NAN, 0.0], [1e9, 2.0]]}) for v in ODD},
    **{f"gates {v}": lambda v=v: tg.plots.gates({"i": gate([v[0], v[-1]]), "g": gate([v, v] if v[1:] else [0, 1], "tanh")}) for v in ODD},
    **{f"trajectory {v}": lambda v=v: tg.plots.trajectory([v, v, v]) for v in ODD},
    **{f"training {v}": lambda v=v: tg.plots.training(logged(*v)) for v in ODD},
    "one state": lambda: tg.plots.trajectory([[1.0, 2.0]]),
    "many curves": lambda: tg.plots.gradient_norms({f"{k}": [0.1**k, 1.0] for k in range(15)}),
    "markup": lambda: tg.plots.gradient_norms({"$x_1$ <b>&": [0.1, 1.0]}, title="50 $ & <i>"),
    "memory outside of steps": lambda: tg.plots.activation_memory(tg.probe.ActivationMemory(5, np.zeros(0, int), 5, {"mul": 5}, 0)),
}  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_gives_a_plot(name):
    assert rendered(HOSTILE[name]()).startswith(b"<?xml")


WRONG = {
    "a curve without a name": lambda: tg.plots.gradient_norms([0.1, 1.0]),
    "a map without a name": lambda: tg.plots.jacobian_map(np.eye(2)),
    **{f"a loss in {name}": lambda name=name: getattr(tg.plots, name)(tg.Tensor(1.0))
       for name in ("gradient_norms", "jacobian_map", "gates", "truncation", "landscape", "training", "activation_memory")},
    "gates that are none": lambda: tg.plots.gates({"i": np.ones((4, 1, 2))}),
    "paths without names": lambda: tg.plots.landscape(bowl(2), [PATH]),
    "a loss as a curve": lambda: tg.plots.gradient_norms({"a": of_rnn()}),
    "a loss as singular values": lambda: tg.plots.singular_values(of_rnn()),
    "states that are tensors": lambda: tg.plots.trajectory(recorded()[2]),
    "no figure to save": lambda: tg.plots.save(of_rnn(), "a.svg"),
    "no figure to describe": lambda: tg.plots.describe(np.eye(2)),
    "a bound that is none": lambda: tg.plots.singular_values([[1.0]], 2.0),
    "no curves": lambda: tg.plots.gradient_norms({}),
    "empty curve": lambda: tg.plots.gradient_norms({"a": []}),
    "three axes": lambda: tg.plots.gradient_norms({"a": np.ones((2, 2, 2))}),
    "ragged": lambda: tg.plots.gradient_norms({"a": [[1.0], [1.0, 2.0]]}),
    "text": lambda: tg.plots.gradient_norms({"a": ["x"]}),
    "against": lambda: tg.plots.gradient_norms({"a": [1.0]}, against="s"),
    "theme": lambda: tg.plots.gradient_norms({"a": [1.0]}, theme="blue"),
    "no maps": lambda: tg.plots.jacobian_map({}),
    "map of one axis": lambda: tg.plots.jacobian_map({"a": [1.0]}),
    "negative map": lambda: tg.plots.jacobian_map({"a": [[-1.0, NAN]]}),
    "scale": lambda: tg.plots.jacobian_map({"a": [[1.0]]}, scale=3),
    "no gates": lambda: tg.plots.gates({}),
    "example": lambda: tg.plots.gates({"i": gate([1.0, 1.0])}, example=1),
    "empty truncation": lambda: tg.plots.truncation(truncated()),
    "no singular values": lambda: tg.plots.singular_values(np.zeros((0, 3))),
    "path": lambda: tg.plots.landscape(bowl(2), {"a": [[1.0], [2.0]]}),
    "no states": lambda: tg.plots.trajectory([]),
    "no updates": lambda: tg.plots.training(logged()),
    "no memory": lambda: tg.plots.activation_memory(tg.probe.ActivationMemory(0, np.zeros(0, int), 0, {}, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_drawn_is_one_clear_error(name):
    with pytest.raises(DataError) as caught:
        WRONG[name]()
    assert caught.value.hint
    assert len(caught.value.message) < 120
