"""Names that try to be code, and graphs that nobody would draw: each is drawn, or refused with a sentence and a hint."""

import json
import shutil
import subprocess
from contextlib import nullcontext
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import TinygradRnnError
from tinygrad_rnn.viz import draw
from tinygrad_rnn.viz.style import clean

DETAILS = ("op", "gate", "cell")
COLORS = ("grad", "value", "none")
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")

HARMLESS = {"svg", "title", "desc", "rect", "g", "path", "text", "tspan", "defs", "linearGradient", "stop", "circle"}


def harmless(svg):
    """The tree of an SVG, after a look for anything that could do more than show."""
    tree = ElementTree.fromstring(svg)
    ids = [e.get("id") for e in tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for e in tree.iter():
        assert e.tag.rpartition("}")[2] in HARMLESS | MOVING, e.tag
        for name, value in e.attrib.items():
            assert not name.lower().startswith("on"), name
            assert "href" not in name.lower(), name
            assert "script:" not in value.lower(), value
            assert "url(" not in value or value.startswith("url(#g"), value
        if e.tag.endswith("style"):
            assert not any(sign in e.text for sign in ("@import", "url(", "expression", "<")), e.text
    assert "<!" not in svg
    assert "<?" not in svg
    return tree


MOVING = {"animate", "animateTransform", "animateMotion", "set", "style"}  # of animated pictures


def words_of(tree):
    """What every line of text in a picture says."""
    return [" ".join("".join(e.itertext()).replace("\xa0", " ").split()) for e in tree.iter() if e.tag.endswith("}text")]


# ---- names ---------------------------------------------------------------------------------------------------------------------

NAMES = {
    "markup": "<b>&amp;</b>",
    "a script": "<script>alert(1)</script>",
    "an event": '" onload="alert(1)',
    "an event, other quotes": "' onclick='alert(1)",
    "the end of a style": "</style><svg>",
    "the end of a section": "]]><!--x-->",
    "two hyphens": "a--b -->",
    "a link": "javascript:alert(1)",
    "an entity": "&lt;&#60;&bogus;",
    "a declaration": '<!DOCTYPE x [<!ENTITY y "z">]>',
    "an instruction": "<?xml version='1.0'?>",
    "lines": "a\nb\r\nc\td",
    "control characters": "a\0b\x07c\x1b[31md\x85e\x9bf",
    "halves of a character": "a\ud800b\udfff",
    "not characters": "a\ufffeb\uffffc",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "Devanagari": "हिन्दी",
    "Arabic": "مرحبا 1",
    "Hebrew": "שלום (x)",
    "turned around": "a\u202eb\u2066c",
    "stacked marks": "h" + "\u0301\u0323\u0489" * 12,
    "marks alone": "\u0301\u0301",
    "very long": "long name " * 1000,
    "very long without a space": "x" * 10_000,
    "escapes of Graphviz": "\\N \\G \\E \\l",
    "one backslash": "\\",
    "two quotes": '"',
    "ports of Graphviz": "a:n:s{|}[]",
    "HTML of Graphviz": "<<table><tr><td>x</td></tr></table>>",
    "attributes of Graphviz": '"];n0 [shape=star URL="http://x" label="',
    "a keyword": "subgraph",
    "nothing": "",
    "a space": " ",
    "no width": "\u200b\ufeff",
    "a path": "../../etc/passwd",
    "format": "%s {0} {x} $HOME `ls`",
    "a tag character": "\U000e0041\U000e007f",
}  # fmt: skip
assert len(set(NAMES.values())) == len(NAMES)
names = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


def loss_with(name, steps=2):
    """A graph that has the name everywhere: cell class, module, scope, weight, input, state, result."""
    kind = type(name.replace("\0", " ").encode("utf-8", "replace").decode(), (nn.RNNCell,), {})
    cell = kind(2, 3, rng=np.random.default_rng(0))
    for k, p in enumerate((cell.Wx, cell.Wh, cell.b)):
        p.name = name if k == 0 else f"{name}{k}"
    xs = [tg.Tensor(np.ones((1, 2)), name=name) for _ in range(steps)]
    with tg.scope(name):
        hs, _ = nn.unroll(cell, xs)
    readout = type(kind.__name__ + "2", (nn.Linear,), {})(3, 1, rng=np.random.default_rng(1))
    with tg.time_step(steps), tg.scope(name):
        y = tg.named(hs[-1] * hs[-1], name)
    return tg.named(readout(y).sum(), name)


def flat(name):
    """A graph without steps with that name."""
    w = tg.Tensor(0.5, requires_grad=True, name=name)
    with tg.scope(name):
        return tg.named(tg.tanh(w * tg.Tensor(2.0, name=name)), name)


def shown(name, length):
    """The letters of a name that a picture shows, as a reader of the file gets them."""
    return " ".join(clean(name, length).replace("\xa0", " ").split())


@names
@pytest.mark.parametrize("detail", DETAILS)
def test_names_are_shown_and_do_nothing(name, detail):
    for loss in (loss_with(name), flat(name)):
        picture = draw(loss, detail=detail, title=name)
        tree = harmless(picture.svg())
        said = words_of(tree)
        assert shown(name, 160) in said  # the title
        assert sum(shown(name, 18) in line for line in said) > 1  # and at least one box
        for text in (picture.describe(), repr(picture), *picture._repr_mimebundle_().values()):
            text.encode()
            assert not any(c in text for c in "\0\x07\x1b\x85\x9b\u202e\u2066\ufffe")


def test_the_look_for_harm_finds_it():
    svg = draw(flat("w")).svg()
    harmless(svg)
    for old, new in (
        ("<rect ", "<rect onload='x' "),
        ("<rect ", "<rect href='x' "),
        ("</svg>", "<script/></svg>"),
        ("</svg>", "<foreignObject/></svg>"),
        ("<g ", "<g style='fill:url(http://x)' "),
        ("<rect ", "<a id='j' title='javascript:x'/><rect "),
        ("</svg>", "<style>@import 'x'</style></svg>"),
        ("<svg", "<!-- x --><svg"),
    ):
        with pytest.raises((AssertionError, ElementTree.ParseError)):
            harmless(svg.replace(old, new, 1))


def by_dot(source, kind):
    done = subprocess.run(["dot", f"-T{kind}"], input=source.encode(), capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


def attributes(picture):
    """Which attributes Graphviz reads: of the graph, of every node, of every edge."""
    found = json.loads(by_dot(picture.to_graphviz().source, "json0"))
    return [set(part) for part in (found, *found.get("objects", []), *found.get("edges", []))]


@cache
def tame(make):
    """The attributes of the same picture with a name that is none of a kind."""
    return attributes(draw(make("w"), detail="op", title="w"))


def added(picture, theirs):
    """The attributes that Graphviz reads in a picture besides those it should."""
    ours = attributes(picture)
    assert len(ours) == len(theirs)
    return {(k, key) for k, (one, other) in enumerate(zip(ours, theirs, strict=True)) for key in one - other}


@needs_dot
@names
def test_names_are_shown_and_do_nothing_in_graphviz(name):
    for make in (loss_with, flat):
        picture = draw(make(name), detail="op", title=name)
        said = words_of(ElementTree.fromstring(by_dot(picture.to_graphviz().source, "svg")))
        whole = shown(name, 160) if picture.view.steps else shown(name, 80)
        assert not whole or whole in " ".join(said), said
        assert not shown(name, 18) or any(shown(name, 18) in line for line in said)
        assert added(picture, tame(make)) == set()


@needs_dot
def test_the_comparison_of_attributes_finds_what_is_injected():
    class Injected:
        def to_graphviz(self):
            graph = draw(flat("w"), detail="op").to_graphviz()
            graph.node("n0", URL="http://x")
            return graph

    assert {key for _, key in added(Injected(), tame(flat))} == {"URL"}


@settings(max_examples=60)
@given(st.text(st.characters(codec=None), max_size=30))
@example("\ud800")
def test_any_name_is_drawn(name):
    picture = draw(flat(name), title=name)
    harmless(picture.svg())
    source = picture.to_graphviz().source
    source.encode()
    picture.describe().encode()
    with tg.time_step(1):
        harmless(draw(flat(name), title=name).svg())


# ---- graphs --------------------------------------------------------------------------------------------------------------------


def weight(values, name=None):
    return tg.Tensor(np.asarray(values, float), requires_grad=True, name=name)


def in_steps(numbers, scope=None, w=None):
    """A state handed on through steps of these numbers."""
    w = weight(0.9, "w") if w is None else w
    h = tg.Tensor(np.zeros((1, 2)), name="h0")
    for t in numbers:
        with tg.time_step(t), tg.scope(scope) if scope else nullcontext():
            h = tg.named(tg.tanh(h * w + 1.0), "h")
    return h.sum()


def broken_numbers():
    """NaN and infinity in inputs, weights and gradients."""
    rng = np.random.default_rng(0)
    for cell in (nn.RNNCell(3, 2, rng=rng), nn.LSTMCell(3, 2, rng=rng), nn.GRUCell(3, 2, rng=rng)):
        for value in (np.nan, np.inf, -np.inf):
            xs = rng.standard_normal((1, 3, 3))
            xs[0, 1, 1] = value
            with np.errstate(all="ignore"):
                yield f"{value} in an input of {type(cell).__name__}", (nn.unroll(cell, xs)[0][-1] ** 2).sum()
    with np.errstate(all="ignore"):
        yield "infinity and its gradient", tg.log(weight([0.0, 1.0], "w")).sum()
        yield "a gradient that is infinite alone", weight(0.0, "w") ** 0.5
        yield "overflow", weight(1e300, "w") * 1e300
        yield "NaN in every hidden step", in_steps(range(1, 31), "C", weight(np.nan, "w"))
    yield "underflow", weight(1e-300, "w") * 1e-300
    yield "a subnormal number", weight(5e-324, "w") * 1.0


def odd_shapes():
    """Results that are no numbers, empty arrays, states and inputs that change their width."""
    rng = np.random.default_rng(0)
    hs, _ = nn.unroll(nn.LSTMCell(3, 4, rng=rng), rng.standard_normal((2, 3, 3)))
    yield "not a number, so without gradients", hs[-1]
    yield "not a number, and steps after it", hs[0]
    yield "an empty result", weight(np.zeros((0, 3)), "w") * 2.0
    yield "the sum of nothing", weight(np.zeros((0, 3)), "w").sum()
    yield "seven axes", weight(np.ones((1,) * 6 + (2,))).sum()
    h = tg.Tensor(np.ones((1, 2)), name="h0")
    for t, width in ((1, 3), (2, 5), (3, 2)):
        with tg.time_step(t), tg.scope("C"):
            h = tg.named(tg.tanh(h @ weight(np.ones((h.shape[1], width)), f"W{t}")), "h")
    yield "a state that changes its width", h.sum()
    narrow, wide = weight(np.ones((2, 4)), "Wx"), weight(np.ones((3, 4)), "Wy")
    h = tg.Tensor(np.zeros((1, 4)), name="h0")
    for t in range(1, 6):
        x = tg.Tensor(np.ones((1, 2 if t % 2 else 3)), name="x")
        with tg.time_step(t), tg.scope("C"):
            h = tg.named(tg.tanh(h + x @ (narrow if t % 2 else wide)), "h")
    yield "an input that changes its width", h.sum()


def odd_times():
    """Steps with gaps, backwards, back and forth, inside each other, and work before, between and after them."""
    w = weight(0.9, "w")
    for numbers in (
        (0,), (7,), (3, 7, 20), (3, 2, 1), (1, 3, 2), (2, 1, 2, 1), (5, 1, 5), (10**9, 2 * 10**9), (10**30, 1), range(40, 0, -3),
    ):  # fmt: skip
        for scope in (None, "C"):
            yield f"steps {list(numbers)}{' in a scope' if scope else ''}", in_steps(numbers, scope)
    h = tg.Tensor(np.zeros((1, 2)), name="h0")
    for t in range(1, 4):
        with tg.time_step(t):
            for inner in range(1, 4):
                with tg.time_step(inner):
                    h = tg.tanh(h * w)
    yield "steps inside steps", h.sum()
    h = tg.Tensor(np.zeros((1, 2)), name="h0")
    for t in range(1, 4):
        with tg.time_step(t), tg.scope("Outer"):
            with tg.time_step(10 + t), tg.scope("Inner"):
                h = tg.tanh(h * w)
            h = h + w
    yield "scopes and steps inside each other", h.sum()
    h = w
    for t in range(1, 8):
        with tg.time_step(t), tg.scope("C" if t % 3 else "D"):
            for _ in range(t % 3 + 1):
                h = tg.named(tg.tanh(h * w), "h")
    yield "steps that differ", h
    a = w * 1.0
    with tg.time_step(1):
        b = a * 2.0
    c = b * 3.0
    with tg.time_step(2):
        d = c * a
    yield "out of the steps and in again", d * c + b
    with tg.time_step(3):
        y = w * 2.0
    with tg.time_step(1):
        z = y * 3.0
    with tg.time_step(2):
        yield "a loss in the middle", y * z


def odd_sizes():
    """One node, one op, very many, weights that are not used."""
    w, unused = weight(2.0, "w"), weight(np.ones(3), "unused")
    yield "a leaf", w
    yield "a leaf that is a matrix", weight([[1.0, 2.0]], "w")
    yield "a leaf without a name", weight(1.0)
    yield "one op", tg.tanh(w)
    yield "a weight that changes nothing", tg.tanh(w) + (unused * 0.0).sum()
    yield "a weight times zeros", (unused * tg.Tensor(np.zeros(3), name="x")).sum()
    many = [weight(np.ones((2, 2)), f"w{k}") for k in range(30)]
    with tg.time_step(1):
        total = many[0].sum()
        for one in many[1:]:
            total = total + one.sum()
    yield "thirty weights in a step", total
    y = w
    for _ in range(5):
        y = y * y
    yield "the same twice, five times", y


GRAPHS = [*broken_numbers(), *odd_shapes(), *odd_times(), *odd_sizes()]


def each_graph(test):
    cases = pytest.mark.parametrize("loss", [loss for _, loss in GRAPHS], ids=[name for name, _ in GRAPHS])
    return pytest.mark.once(cases(test))


def drawn_or_refused(loss, detail, color, **more):
    """Every way to show a graph ends in a picture or in a sentence with a hint. Returns how many were refused."""
    refused = 0
    try:
        picture = draw(loss, detail=detail, color=color, **more)
    except TinygradRnnError as error:
        return told(error)
    for show in (
        lambda: harmless(picture.svg()),
        lambda: picture.describe().encode(),
        lambda: picture.to_graphviz().source.encode(),
        lambda: picture._repr_mimebundle_()["text/plain"].encode(),
    ):
        try:
            assert show() is not None
        except TinygradRnnError as error:
            refused += told(error)
    return refused


def told(error):
    """1, after a look whether an error says what is wrong and what to do."""
    assert error.message, error
    assert error.hint, error
    return 1


@each_graph
@pytest.mark.parametrize("detail", DETAILS)
def test_odd_graphs_are_drawn(loss, detail):
    for color in COLORS:
        assert drawn_or_refused(loss, detail, color) == 0
    assert drawn_or_refused(loss, detail, "grad", elide=1, theme="dark", weights="hidden") == 0


@pytest.mark.parametrize("settings", [{"rolled": True}, {"weights": "edges"}], ids=["rolled", "edges"])
@each_graph
def test_odd_graphs_in_other_forms(loss, settings):
    for detail in DETAILS:
        drawn_or_refused(loss, detail, "grad", **settings)


@each_graph
def test_odd_graphs_move_or_say_why_not(loss):
    for detail in DETAILS:
        picture = draw(loss, detail=detail)
        if picture.view.graph.root.grad is None:
            with pytest.raises(TinygradRnnError, match="without gradients"):
                picture.svg(animated=True)
        else:
            harmless(picture.svg(animated=True))


@needs_dot
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("name", "loss"), GRAPHS[::3], ids=[name for name, _ in GRAPHS[::3]])
def test_graphviz_takes_odd_graphs(name, loss, detail):
    source = draw(loss, detail=detail).to_graphviz().source
    ElementTree.fromstring(by_dot(source, "svg"))


def test_words_about_numbers_that_are_none():
    words = {name: draw(loss).describe() for name, loss in broken_numbers()}
    assert not any("grows from nan" in text or "falls from nan" in text for text in words.values())
    assert "NaN or infinite" in words["infinity and its gradient"]


def nothing_to_draw():
    w, x = weight(2.0, "w"), tg.Tensor(3.0, name="x")
    yield "a constant", x
    yield "a loss without any weight", tg.tanh(x * 2.0)
    with tg.no_grad():
        yield "recorded nowhere", w * 2.0
    changed = weight(2.0, "w")
    y = changed * changed
    changed.data = np.asarray(5.0)
    yield "a weight that an optimizer has changed", y
    yield from (("a number", 3.0), ("nothing", None), ("an array", np.ones(3)), ("a list", [w]), ("a function", tg.tanh))


@pytest.mark.parametrize(("name", "loss"), list(nothing_to_draw()), ids=[name for name, _ in nothing_to_draw()])
def test_what_is_no_graph_is_refused(name, loss):
    for detail in (*DETAILS, "auto"):
        assert drawn_or_refused(loss, detail, "grad") == 1


# ---- any graph ------------------------------------------------------------------------------------------------------------------

OPS = [
    lambda a, b: tg.tanh(a),
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a @ b,
    lambda a, b: 1.0 - a,
    lambda a, b: tg.concat([a, b])[1:3],
    lambda a, b: a.T,
    lambda a, b: tg.relu(a) * 0.0,
]

INSTRUCTIONS = st.lists(
    st.tuples(
        st.integers(0, len(OPS) - 1),
        st.integers(0, 5),  # operands: how far back
        st.integers(0, 5),
        st.sampled_from([None, None, 1, 2, 3, 4, 7]),  # time step
        st.sampled_from([None, "LSTMCell", "A"]),  # scope
        st.sampled_from([None, None, "h", "c", "x"]),  # name
    ),
    min_size=1,
    max_size=16,
)


def run(program):
    """Record a program of random ops in random steps and scopes; the loss reads what came last."""
    pool = [weight(np.full((2, 2), 0.5), "W"), tg.Tensor(np.ones((2, 2)), name="h0"), weight([[0.1, 0.2], [0.3, 0.4]], "U")]
    for op, a, b, t, scope, name in program:
        with tg.time_step(t) if t else nullcontext(), tg.scope(scope) if scope else nullcontext():
            result = OPS[op](pool[-1 - a % len(pool)], pool[-1 - b % len(pool)])
            pool.append(tg.named(result, name) if name else result)
    return (pool[-1] * pool[-2]).sum() + (pool[0] * 0.5).sum()


@settings(max_examples=40)
@given(program=INSTRUCTIONS, detail=st.sampled_from(DETAILS), color=st.sampled_from(COLORS), elide=st.sampled_from([False, 1]))
def test_any_program_is_drawn_or_refused_with_a_sentence(program, detail, color, elide):
    drawn_or_refused(run(program), detail, color, elide=elide)
