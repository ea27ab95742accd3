"""ONNX models: every primitive, whole networks unrolled, and ONNX's own recurrent operators, run by onnxruntime."""

import warnings
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.ops import OPS
from tinygrad_rnn.engine.tensor import apply1, apply2, apply_list
from tinygrad_rnn.errors import DataError, DtypeError, GraphError
from tinygrad_rnn.io.onnx.unrolled import TRANSLATIONS
from tinygrad_rnn.io.onnx.writer import OPSET, Writer

WHY = "needs onnx and onnxruntime: pip install 'tinygrad_rnn[interop]' onnxruntime"
CASES = [(op, case) for op in OPS.values() for case in op.cases]
NAMES = [
    f"{op.name}-{k}-{'-'.join('x'.join(map(str, s)) or 'scalar' for s in case.shapes)}" for k, (op, case) in enumerate(CASES)
]
TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-12}


def test_every_primitive_has_a_translation():
    assert TRANSLATIONS.keys() == OPS.keys()


@pytest.fixture(scope="module")
def onnx():
    return pytest.importorskip("onnx", reason=WHY)


@pytest.fixture(scope="module")
def ort():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at import
        return pytest.importorskip("onnxruntime", reason=WHY)


@pytest.fixture
def run(ort, tmp_path):
    """What a model gives for inputs by name, with onnxruntime."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    sessions = {}

    def session(path):
        try:
            return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except ort.capi.onnxruntime_pybind11_state.NotImplemented as error:
            if "implementation for Cos(7)" in str(error):
                pytest.skip("this onnxruntime has no cosine in double precision (up to 1.23)")
            if "FusedMatMul" not in str(error):
                raise
            # up to 1.25 it fuses products of transposed float64 matrices into an operator that it does not have
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
            return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def outputs(path, feed):
        key = Path(path).read_bytes()
        if key not in sessions:
            sessions[key] = session(str(path))
        names = [port.name for port in sessions[key].get_outputs()]
        return dict(zip(names, sessions[key].run(None, feed), strict=True))

    return outputs


def close(actual, expected, factor=1.0):
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=factor * TOLERANCE[expected.dtype])


def randomised(module, seed=3):
    """All parameters drawn anew, biases too."""
    rng = np.random.default_rng(seed)
    for p in module.parameters():
        p.data = rng.uniform(-0.8, 0.8, p.shape)
    return module


# ---- every primitive ------------------------------------------------------------------------------------------------------------


def values(case, dtype):
    rng = np.random.default_rng(0)
    return [np.asarray(rng.uniform(case.low, case.high, shape), dtype) for shape in case.shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("op", "case"), CASES, ids=NAMES)
def test_every_case_of_every_primitive(run, tmp_path, op, case, dtype):
    tensors = [tg.Tensor(x, requires_grad=True, name=f"x{k}") for k, x in enumerate(values(case, dtype))]
    record = {1: apply1, 2: apply2}.get(op.inputs, lambda op, *given: apply_list(op, given[:-1], given[-1]))
    y = record(op, *tensors, case.args)
    path = tg.io.export_onnx({"y": y}, tensors, tmp_path / "m.onnx")
    close(run(path, {t.name: t.data for t in tensors})["y"], y.data)


KEYS = [
    slice(None), slice(3, 0, -1), slice(None, None, -1), slice(-1, None, -2), slice(5, 2), slice(2, 2), slice(1, 99), -4, 0, ...,
    (slice(None), 2), (..., None, -1), (None, 1, None), (slice(1, 3), slice(None, None, 2)), (slice(0, 0), None, 1),
    (np.array([1, -1]), slice(1)), (slice(None), np.array([[0, 2]])), np.array([True, False, True, False]), (1, np.array([0, 0])),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("whole", [False, True], ids=["getitem", "place"])
def test_indices(run, tmp_path, key, whole):
    a = np.arange(12.0).reshape(4, 3)
    x = tg.Tensor(a[key] if whole else a, requires_grad=True, name="x")
    y = tg.place(x, key, (4, 3)) if whole else x[key]
    path = tg.io.export_onnx({"y": y}, [x], tmp_path / "m.onnx")
    close(run(path, {"x": x.data})["y"], y.data)


def test_dtypes_meet_as_in_numpy(run, tmp_path):
    x = tg.Tensor(np.array([1.5, -2.0], np.float32), requires_grad=True, name="x")
    y = x * np.array([2.0, 3.0]) + np.array([True, False]) - np.array([1, 2]) + tg.exp(x)
    assert y.dtype == np.float64
    path = tg.io.export_onnx({"y": y}, [x], tmp_path / "m.onnx")
    np.testing.assert_allclose(run(path, {"x": x.data})["y"], y.data, rtol=1e-6)


@pytest.mark.parametrize("name", OPS)
def test_a_wrong_translation_is_seen(run, tmp_path, monkeypatch, name):
    """Each row of the table, with a result that is a little larger."""
    op = OPS[name]
    case = max(op.cases, key=lambda case: sum(int(np.prod(shape)) for shape in case.shapes))
    right = TRANSLATIONS[name]

    def wrong(call):
        return call.w.add("Mul", right(call), call.w.constant(np.array(1.001, call.dtype)))

    monkeypatch.setitem(TRANSLATIONS, name, wrong)
    with pytest.raises(AssertionError):
        test_every_case_of_every_primitive(run, tmp_path, op, case, np.float64)


# ---- networks unrolled --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU", "GRU paper", "GRU normed", "peepholes", "attention"])
def test_unrolled_networks(run, tmp_path, kind, dtype):
    rng = np.random.default_rng(0)
    if kind == "peepholes":
        net = nn.Bidirectional(nn.PeepholeLSTMCell(3, 4, rng=rng, dtype=dtype), nn.PeepholeLSTMCell(3, 4, rng=rng, dtype=dtype))
    elif kind == "attention":
        net = nn.SequenceClassifier(
            None, nn.GRUCell(3, 4, rng=rng, dtype=dtype), nn.Linear(4, 2, rng=rng, dtype=dtype), "attention", rng=rng
        )
    else:
        options = {"reset_after": False} if kind == "GRU paper" else {"layer_norm": True} if kind == "GRU normed" else {}
        net = getattr(nn, kind.split()[0])(3, 4, 2, rng=rng, bidirectional=True, dtype=dtype, **options)
    randomised(net)
    x = tg.Tensor(rng.standard_normal((2, 5, 3)).astype(dtype), requires_grad=True, name="x")
    out = net(x)
    ys = out if isinstance(out, tg.Tensor) else out[0]
    outputs = {"y": ys} if isinstance(ys, tg.Tensor) else {f"y{t}": y for t, y in enumerate(ys, 1)}
    path = tg.io.export_onnx(outputs, {"x": x}, tmp_path / "net.onnx", module=net)
    for seed in (1, 2):  # other data than was recorded
        data = np.random.default_rng(seed).standard_normal((2, 5, 3)).astype(dtype)
        again = net(tg.Tensor(data))
        again = again if isinstance(again, tg.Tensor) else again[0]
        wanted = {"y": again} if isinstance(again, tg.Tensor) else {f"y{t}": y for t, y in enumerate(again, 1)}
        found = run(path, {"x": data})
        assert found.keys() == wanted.keys()
        for name in wanted:
            close(found[name], wanted[name].data)
    found = run(path, {"x": x.data})
    for name in outputs:
        close(found[name], outputs[name].data)


def test_gradients_can_be_exported_too(run, tmp_path):
    cell = randomised(nn.LSTMCell(2, 3, rng=np.random.default_rng(0)))
    x = tg.Tensor(np.ones((1, 3, 2)), requires_grad=True, name="x")
    hs, _ = nn.unroll(cell, x)
    dx, dWh = tg.grad((hs[-1] * hs[-1]).sum(), [x, cell.Wh], create_graph=True)
    path = tg.io.export_onnx({"dx": dx, "dWh": dWh}, [x], tmp_path / "m.onnx", module=cell)
    found = run(path, {"x": x.data})
    close(found["dx"], dx.data)
    close(found["dWh"], dWh.data)


def test_names_and_what_is_stored(onnx, run, tmp_path):
    rng = np.random.default_rng(0)
    net = nn.Stacked([nn.RNNCell(2, 3, rng=rng), nn.RNNCell(3, 3, rng=rng)])
    xs = [tg.Tensor(rng.standard_normal((1, 2)), name=f"x{t}") for t in (1, 2)]  # constants, used as they are
    hs, _ = net(xs)
    path = tg.io.export_onnx([hs[-1]], xs, tmp_path / "net.onnx", module=net)
    model = onnx.load(str(path))
    assert [port.name for port in model.graph.input] == ["x1", "x2"]
    assert [port.name for port in model.graph.output] == ["h"]
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(stored[name], value)
    assert set(stored) - set(net.state_dict()) == {"h0"}  # equal ones are stored once
    tanh = [node for node in model.graph.node if node.op_type == "Tanh"]
    assert tanh[0].name == "Stacked/layer=1/t=1/RNNCell/h"
    assert len(tanh) == 4
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
    assert model.ir_version == 8
    close(run(path, {x.name: x.data for x in xs})["h"], hs[-1].data)
    # without the module: the letters of the weights, each once
    path = tg.io.export_onnx([hs[-1]], xs, tmp_path / "net.onnx")
    names = [tensor.name for tensor in onnx.load(str(path)).graph.initializer]
    assert {"Wx", "Wh", "b", "Wx_2", "Wh_2", "b_2"} < set(names)


def test_inputs_that_are_outputs_and_states_that_are_inputs(run, tmp_path):
    cell = randomised(nn.LSTMCell(2, 3, rng=np.random.default_rng(0)))
    x, h, c = (tg.Tensor(np.ones((1, size)), name=name) for size, name in ((2, "x"), (3, "h"), (3, "c")))
    h1, c1 = cell.step(x, (h, c))
    path = tg.io.export_onnx({"h1": h1, "c1": c1, "again": h1}, [x, h, c], tmp_path / "step.onnx")
    state = np.zeros((1, 3)), np.zeros((1, 3))
    theirs = state
    for t in range(3):
        data = np.full((1, 2), 0.3 * t)
        state = tuple(part.data for part in cell.step(data, state))
        found = run(path, {"x": data, "h": theirs[0], "c": theirs[1]})
        theirs = found["h1"], found["c1"]
        close(found["again"], state[0])
        close(found["c1"], state[1])
    w = tg.Tensor([1.0], requires_grad=True, name="w")
    path = tg.io.export_onnx({"same": w, "y": w * 2.0}, [w], tmp_path / "w.onnx")
    assert run(path, {"w": np.array([4.0])})["same"] == [4.0]


def test_the_same_model_gives_the_same_bytes(onnx, tmp_path):
    net = nn.LSTM(2, 3, 2, rng=np.random.default_rng(0))
    paths = [tg.io.export_onnx_recurrent(net, tmp_path / f"{k}.onnx") for k in (1, 2)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def graph():
    x = tg.Tensor([1.0, 2.0], requires_grad=True, name="x")
    return x, x * x


REFUSED = [
    (lambda x, y: ({"y": y}, {"z": tg.Tensor([1.0], name="z")}), GraphError, "was not|were not computed from the input 'z'"),
    (lambda x, y: ({"y": y}, {"y2": y}), GraphError, "'y2' was computed"),
    (lambda x, y: ({"y": y}, {"a": x, "b": x}), GraphError, "'b' is there twice"),
    (lambda x, y: ({"x": y}, {"x": x}), DataError, "'x' is the name of an input and of an output"),
    (lambda x, y: ([x * 1.0, x * 2.0], []), DataError, "tensors as inputs"),
    (lambda x, y: ([], [x]), DataError, "tensors as outputs"),
    (lambda x, y: ({"y": y}, {"": x}), DataError, "tensors as inputs"),
    (lambda x, y: ({"y": y.data}, [x]), DataError, "tensors as outputs"),
    (lambda x, y: ([tg.named(x * 1.0, "h"), tg.named(y + 1.0, "h")], [x]), DataError, "two outputs have one name"),
    (lambda x, y: (tg.Tensor([1.0], name="c"), [x]), GraphError, "no recorded graph"),
]


@pytest.mark.parametrize(("make", "kind", "says"), REFUSED)
def test_exports_that_are_refused(onnx, tmp_path, make, kind, says):
    outputs, inputs = make(*graph())
    with pytest.raises(kind, match=says):
        tg.io.export_onnx(outputs, inputs, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_graphs_that_changed_and_paths_that_are_none(onnx, tmp_path):
    x, y = graph()
    for path in (tmp_path / "m.pb", tmp_path, "", tmp_path / "missing" / "m.onnx"):
        with pytest.raises(DataError, match=r"cannot (save|write)"):
            tg.io.export_onnx(y, [x], path)
    x.data = [3.0, 4.0]
    with pytest.raises(GraphError, match="changed in place"):
        tg.io.export_onnx(y, [x], tmp_path / "m.onnx")
    wide = tg.Tensor(np.ones(2, np.longdouble), requires_grad=True, name="x")
    if wide.dtype != np.float64:
        with pytest.raises(DtypeError, match="ONNX has no numbers of dtype"):
            tg.io.export_onnx(wide * wide, [wide], tmp_path / "m.onnx")


def test_a_model_that_is_too_large_for_one_file(onnx, tmp_path, monkeypatch):
    from tinygrad_rnn.io.onnx import writer as onnx_writer

    x, y = graph()
    monkeypatch.setattr(onnx_writer, "LIMIT", 7)
    with pytest.raises(DataError, match="more than 2 GB"):
        tg.io.export_onnx(y * np.ones(2), [x], tmp_path / "m.onnx")


# ---- ONNX's own recurrent operators ---------------------------------------------------------------------------------------------------

SETTINGS = {
    "RNN tanh": ("RNN", {"nonlinearity": "tanh"}),
    "RNN relu": ("RNN", {"nonlinearity": "relu"}),
    "LSTM": ("LSTM", {}),
    "GRU": ("GRU", {"reset_after": True}),
    "GRU paper": ("GRU", {"reset_after": False}),
}
SIZES = [(1, 4), (3, 9)]


def net_of(name, layers, directions, dtype, **more):
    kind, options = SETTINGS[name]
    rng = np.random.default_rng(0)
    return randomised(getattr(nn, kind)(3, 4, layers, rng=rng, bidirectional=directions == 2, dtype=dtype, **options, **more))


def data(batch, time, dtype, features=3):
    return np.random.default_rng(batch + time).standard_normal((batch, time, features)).astype(dtype)


def stacked(outputs):
    return outputs.data if isinstance(outputs, tg.Tensor) else np.stack([y.data for y in outputs], axis=1)


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("name", SETTINGS)
def test_whole_networks_of_any_batch_and_length(run, tmp_path, name, layers, directions):
    net = net_of(name, layers, directions, np.float32)
    path = tg.io.export_onnx_recurrent(net, tmp_path / "net.onnx")
    for batch, time in SIZES:
        x = data(batch, time, np.float32)
        close(run(path, {"x": x})["y"], stacked(net(x)[0]))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_model_of_any_dtype_is_written_in_float32(onnx, run, tmp_path, name, directions, dtype):
    """onnxruntime has these operators in float32 alone, and float64 is what a model has unless one asks for something else."""
    net = net_of(name, 2, directions, np.float64)
    for p in net.parameters():
        p.data = p.data.astype(dtype)
    path = tg.io.export_onnx_recurrent(net, tmp_path / "net.onnx", with_state=True)
    graph = onnx.load(str(path)).graph
    floats = {port.type.tensor_type.elem_type for port in [*graph.input, *graph.output]}
    assert floats | {t.data_type for t in graph.initializer} == {onnx.TensorProto.FLOAT, onnx.TensorProto.INT64}
    assert floats == {onnx.TensorProto.FLOAT}
    letters = "hc" if name == "LSTM" else "h"
    for p in net.parameters():
        p.data = p.data.astype(np.float64)  # what a float16 model says is compared without the rounding of its own steps
    for batch, time in SIZES:
        x = data(batch, time, np.float32)
        starts = {f"{letter}0_{k}": np.zeros((directions, batch, 4), np.float32) for letter in letters for k in (1, 2)}
        wanted = stacked(net(x.astype(np.float64))[0])
        close(run(path, {"x": x, **starts})["y"], wanted.astype(np.float32))


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_the_lines_of_the_readme_with_a_model_of_the_default_dtype(ort, tmp_path, cell):
    rng = np.random.default_rng(0)
    model = nn.CharModel(7, getattr(nn, cell)(4, 6, 2, rng=rng), rng=rng)
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float64)}
    path = tg.io.export_onnx_recurrent(model, tmp_path / "model.onnx")
    ids = rng.integers(0, 7, (3, 12))
    (y,) = ort.InferenceSession(path).run(None, {"ids": ids})
    close(y, model(ids)[0].data.astype(np.float32))


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_text_in_pieces(run, tmp_path, name, directions):
    """The state goes out and in again, as in training with truncated backpropagation."""
    net = net_of(name, 2, directions, np.float32)
    path = tg.io.export_onnx_recurrent(net, tmp_path / "net.onnx", with_state=True)
    letters = "hc" if name == "LSTM" else "h"
    feed = {f"{letter}0_{k}": np.zeros((directions, 2, 4), np.float32) for letter in letters for k in (1, 2)}
    state = None
    for time in (3, 5):
        x = data(2, time, np.float32)
        outputs, state = net(x, state)
        found = run(path, {"x": x, **feed})
        close(found["y"], stacked(outputs))
        for k, layer in enumerate(state, start=1):
            for part, letter in enumerate(letters):
                mine = [end[part].data for end in (layer if directions == 2 else [layer])]
                close(found[f"{letter}_{k}"], np.stack(mine))
        feed = {f"{letter}0_{k}": found[f"{letter}_{k}"] for letter in letters for k in (1, 2)}


def cells(kind, *sizes, dtype=np.float32):
    rng = np.random.default_rng(1)
    return [getattr(nn, f"{kind}Cell")(a, b, rng=rng, dtype=dtype) for a, b in sizes]


COMPOSED = {
    "a cell": lambda: cells("GRU", (3, 4))[0],
    "sizes that differ": lambda: nn.Stacked([*cells("LSTM", (3, 5)), *cells("GRU", (5, 2))]),
    "two directions": lambda: nn.Bidirectional(*cells("LSTM", (3, 4), (3, 4))),
    "directions that differ": lambda: nn.Bidirectional(*cells("LSTM", (3, 4)), *cells("RNN", (3, 2))),
    "stacks in both directions": lambda: nn.Bidirectional(
        nn.Stacked(cells("GRU", (3, 4), (4, 2))), nn.Stacked([nn.Bidirectional(*cells("GRU", (3, 4), (3, 4)))])
    ),
    "a skip connection": lambda: nn.Stacked([*cells("GRU", (3, 4)), nn.Residual(*cells("GRU", (4, 4)))]),
    "dropout in evaluation": lambda: nn.LSTM(
        3, 4, 2, rng=np.random.default_rng(0), dropout=0.5, recurrent_dropout=0.5, dtype=np.float32
    ).eval(),
    "dropout between": lambda: nn.Stacked(
        [*cells("GRU", (3, 4)), nn.Dropout(0.5, rng=np.random.default_rng(0)), *cells("GRU", (4, 4))]
    ).eval(),
    "projected at once": lambda: nn.LSTM(3, 4, 2, rng=np.random.default_rng(0), project_once=True, dtype=np.float32),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPOSED)
def test_layers_in_any_composition(run, tmp_path, name):
    net = randomised(COMPOSED[name]())
    path = tg.io.export_onnx_recurrent(net, tmp_path / "net.onnx")
    for batch, time in SIZES:
        x = data(batch, time, np.float32)
        close(run(path, {"x": x})["y"], stacked(nn.unroll(net, x)[0]))


@pytest.mark.parametrize("pooling", [None, "last", "mean", "max"])
@pytest.mark.parametrize("directions", [1, 2])
def test_classifiers(run, tmp_path, directions, pooling):
    rng = np.random.default_rng(0)
    net = nn.LSTM(3, 4, 2, rng=rng, bidirectional=directions == 2, dtype=np.float32)
    embedding, head = (
        nn.Embedding(9, 3, rng=rng, padding_idx=0, dtype=np.float32),
        nn.Linear(4 * directions, 5, rng=rng, dtype=np.float32),
    )
    model = randomised(nn.SequenceClassifier(embedding, net, head, pooling or "last"))
    path = tg.io.export_onnx_recurrent([embedding, net, head], tmp_path / "parts.onnx", pooling=pooling)
    for batch, time in SIZES:
        ids = np.random.default_rng(batch).integers(0, 9, (batch, time))
        found = run(path, {"ids": ids})["y"]
        if pooling is None:
            close(found, head(net(embedding(ids))[0]).data)
        else:
            close(found, model(ids).data)
            close(found, run(tg.io.export_onnx_recurrent(model, tmp_path / "model.onnx"), {"ids": ids})["y"])


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("name", SETTINGS)
def test_sequences_of_different_lengths(run, tmp_path, name, directions):
    """As over packed sequences: what stands behind an end has no influence."""
    net = net_of(name, 2, directions, np.float32)
    head = randomised(nn.Linear(4 * directions, 5, rng=np.random.default_rng(0), dtype=np.float32))
    path = tg.io.export_onnx_recurrent(net, tmp_path / "net.onnx", with_lengths=True)
    last = tg.io.export_onnx_recurrent([net, head], tmp_path / "last.onnx", pooling="last", with_lengths=True)
    model = nn.SequenceClassifier(None, net, head)
    for lengths in ([4], [2, 7, 1, 7]):
        x = data(len(lengths), max(lengths), np.float32)
        feed = {"x": x, "lengths": np.array(lengths, np.int32)}
        outputs, _ = net(nn.pack([row[:length] for row, length in zip(x, lengths, strict=True)]))
        close(run(path, feed)["y"], nn.unpack(outputs)[0].data)
        close(run(last, feed)["y"], model(x, lengths).data)


def test_a_model_of_characters_goes_on_where_it_was(run, tmp_path):
    rng = np.random.default_rng(0)
    model = randomised(nn.CharModel(7, nn.GRU(4, 6, 2, rng=rng, dtype=np.float32), rng=rng, dtype=np.float32))
    path = tg.io.export_onnx_recurrent(model, tmp_path / "chars.onnx", with_state=True)
    feed = {name: np.zeros((1, 1, 6), np.float32) for name in ("h0_1", "h0_2")}
    state = None
    for ids in ([[1, 2, 3]], [[6]], [[0, 5]]):
        logits, state = model(ids, state)
        found = run(path, {"ids": np.array(ids), **feed})
        close(found["y"], logits.data, factor=2)
        feed = {"h0_1": found["h_1"], "h0_2": found["h_2"]}


def test_ports_and_operators(onnx, tmp_path):
    rng = np.random.default_rng(0)
    parts = [nn.Embedding(9, 3, rng=rng), nn.LSTM(3, 4, 2, rng=rng, bidirectional=True), nn.Linear(8, 5, rng=rng)]
    model = onnx.load(str(tg.io.export_onnx_recurrent(parts, tmp_path / "m.onnx", pooling="last", with_state=True)))

    def shape(port):
        return [size.dim_param or size.dim_value for size in port.type.tensor_type.shape.dim]

    assert {port.name: shape(port) for port in model.graph.input} == {
        "ids": ["batch", "time"], **{name: [2, "batch", 4] for name in ("h0_1", "c0_1", "h0_2", "c0_2")}
    }  # fmt: skip
    assert {port.name: shape(port) for port in model.graph.output} == {
        "y": ["batch", 5], **{name: [2, "batch", 4] for name in ("h_1", "c_1", "h_2", "c_2")}
    }  # fmt: skip
    assert [node.op_type for node in model.graph.node].count("LSTM") == 2
    assert {"0.W", "1.layers.0.W", "1.layers.1.R", "1.layers.1.B", "2.b"} < {tensor.name for tensor in model.graph.initializer}


def test_gates_in_another_order_are_seen(run, tmp_path, monkeypatch):
    from tinygrad_rnn.io.onnx import recurrent as onnx_recurrent

    for name, order in (("LSTM", [0, 1, 2, 3]), ("GRU", [0, 1, 2])):
        with monkeypatch.context() as patch:
            patch.setitem(onnx_recurrent.GATES, name, order)
            with pytest.raises(AssertionError):
                test_whole_networks_of_any_batch_and_length(run, tmp_path, name, 1, 1)


class Louder(nn.SequenceLayer):
    def __init__(self, layer):
        self.layer = layer

    def forward(self, xs, state=None, reverse=False):
        ys, state = nn.unroll(self.layer, xs, state, reverse)
        return [2.0 * y for y in ys], state


def rng():
    return np.random.default_rng(0)


WITHOUT = {
    "layer_norm": (lambda: nn.LSTM(3, 4, rng=rng(), layer_norm=True), {}, GraphError, "LayerNormLSTMCell .* has no operator in ONNX"),
    "peepholes": (lambda: nn.Stacked([nn.PeepholeLSTMCell(3, 4, rng=rng())]), {}, GraphError, r"PeepholeLSTMCell \(layers.0\)"),
    "a layer of one's own": (lambda: Louder(nn.GRUCell(3, 4, rng=rng())), {}, GraphError, "Louder has no operator"),
    "no recurrent layer": (lambda: nn.Linear(3, 4, rng=rng()), {}, GraphError, "without a recurrent layer"),
    "an embedding behind": (lambda: [nn.GRUCell(3, 4, rng=rng()), nn.Embedding(3, 4, rng=rng())], {}, GraphError, "cannot stand there"),
    "what is no module": (lambda: [nn.GRUCell(3, 4, rng=rng()), np.tanh], {}, GraphError, "a part that is a ufunc"),
    "a number": (lambda: 3, {}, GraphError, "a int is not a model"),
    "no parts": (list, {}, GraphError, "without a recurrent layer"),
    "strange pooling": (lambda: nn.GRUCell(3, 4, rng=rng()), {"pooling": "median"}, DataError, "pooling='median'"),
    "a mean over padding": (
        lambda: nn.GRUCell(3, 4, rng=rng()), {"pooling": "mean", "with_lengths": True}, GraphError, "some are padding"
    ),
    "attention": (
        lambda: nn.SequenceClassifier(None, nn.GRUCell(3, 4, rng=rng()), nn.Linear(4, 2, rng=rng()), "attention", rng=rng()),
        {}, DataError, "pooling='AttentionPooling' has no operator",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT)
def test_models_without_operators(onnx, tmp_path, name):
    make, options, kind, says = WITHOUT[name]
    with pytest.raises(kind, match=says) as caught:
        tg.io.export_onnx_recurrent(make(), tmp_path / "m.onnx", **options)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("size", "stored"), [(64, 1), (65, 2)])
def test_small_constants_are_stored_once_and_large_ones_are_not_looked_for(onnx, size, stored):
    writer = Writer()
    names = [writer.constant(np.arange(size), "entries") for _ in range(2)]
    assert (len({*names}), len(writer.initializers), len(writer.known)) == (stored, stored, 2 - stored)
