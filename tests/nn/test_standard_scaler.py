"""A scaler that is a module: by the data for training alone, saved with the model, and back again."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.errors import DataError, DtypeError, LoadError, NumericError, ShapeError

SERIES = np.random.default_rng(0).standard_normal((40, 2)) * [3.0, 500.0] + [20.0, -1000.0]


def fitted(x=SERIES, **more):
    return nn.StandardScaler(np.shape(x)[-1], **more).fit(x)


def test_mean_and_std_are_those_of_each_feature():
    scaler = fitted()
    np.testing.assert_allclose(scaler.mean.data, SERIES.mean(0), rtol=1e-14)
    np.testing.assert_allclose(scaler.std.data, np.sqrt(((SERIES - SERIES.mean(0)) ** 2).mean(0)), rtol=1e-14)
    y = scaler(SERIES).data
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-13)
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-13)
    np.testing.assert_allclose(scaler.inverse_transform(y).data, SERIES, rtol=1e-13)


def test_any_axes_before_the_features():
    windows = SERIES.reshape(4, 10, 2)
    for name in ("mean", "std"):
        np.testing.assert_allclose(getattr(fitted(windows), name).data, getattr(fitted(), name).data, rtol=1e-14)
    np.testing.assert_allclose(fitted()(windows).data.reshape(40, 2), fitted()(SERIES).data, rtol=1e-14)
    assert fitted()(SERIES[0]).shape == (2,)
    assert fitted(SERIES.tolist()).mean.data.tolist() == fitted().mean.data.tolist()
    assert fitted(tg.Tensor(SERIES)).mean.data.tolist() == fitted().mean.data.tolist()


def test_padding_does_not_count():
    padded = np.full((3, 5, 2), np.nan)
    lengths = [5, 2, 3]
    for k, n in enumerate(lengths):
        padded[k, :n] = SERIES[10 * k : 10 * k + n]
    scaler = nn.StandardScaler(2).fit(padded, lengths)
    wanted = np.concatenate([SERIES[10 * k : 10 * k + n] for k, n in enumerate(lengths)])
    np.testing.assert_allclose(scaler.mean.data, wanted.mean(0), rtol=1e-14)
    np.testing.assert_allclose(scaler.std.data, wanted.std(0), rtol=1e-14)


def test_a_feature_that_is_always_the_same_becomes_zero():
    x = np.column_stack([SERIES[:, 0], np.full(40, 0.1), np.full(40, 1e100)])
    scaler = fitted(x)
    assert scaler.std.data.tolist()[1:] == [1.0, 1.0]
    assert not scaler(x).data[:, 1:].any()
    assert fitted([[5.0, 7.0]]).std.data.tolist() == [1.0, 1.0]


def test_a_large_mean_costs_no_digits():
    x = np.array([[1e9], [1e9 + 1.0], [1e9 + 2.0]])
    np.testing.assert_allclose(fitted(x).std.data, [np.sqrt(2 / 3)], rtol=1e-12)
    np.testing.assert_allclose(fitted(x.astype(np.float32) - 1e9).mean.data, [x.astype(np.float32).mean() - 1e9], atol=100)


def test_dtypes():
    assert nn.StandardScaler(2).mean.dtype == np.float64
    half = fitted(dtype=np.float32)
    assert (half.mean.dtype, half.std.dtype, half(SERIES.astype(np.float32)).dtype) == (np.float32,) * 3
    assert half([[1.0, 2.0]]).dtype == np.float32
    with tg.default_dtype(np.float32):
        assert nn.StandardScaler(2).std.dtype == np.float32
    assert fitted(np.arange(6).reshape(3, 2)).mean.data.tolist() == [2.0, 3.0]


def test_it_is_no_parameter_and_lets_gradients_through():
    scaler = fitted()
    assert scaler.parameters() == []
    assert [name for name, _ in scaler.named_buffers()] == list(scaler.state_dict()) == ["mean", "std"]
    assert tg.gradcheck(lambda x: scaler.inverse_transform(scaler(x) * 2.0), [SERIES[:3]])
    x = tg.Tensor(SERIES[:1], requires_grad=True)
    scaler(x).sum().backward()
    np.testing.assert_allclose(x.grad, [1 / scaler.std.data], rtol=1e-14)
    assert {r.place for r in tg.snapshot(scaler(x).sum()) if r.kind == "op"} >= {"StandardScaler"}
    assert {r.place for r in tg.snapshot(scaler.inverse_transform(x).sum()) if r.kind == "op"} >= {"StandardScaler"}


class Forecast(nn.Module):
    """The next step of a series, in its own units."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.scaler = nn.StandardScaler(2)
        self.layer, self.readout = nn.GRU(2, 4, rng=rng), nn.Linear(4, 2, rng=rng)

    def scaled(self, x):
        outputs, _ = self.layer(self.scaler(x))
        return self.readout(outputs[:, -1])

    def forward(self, x):
        return self.scaler.inverse_transform(self.scaled(x))


def trained(tmp_path=None, updates=20):
    model, train = Forecast(), SERIES[:30]
    model.scaler.fit(train)
    window = tg.data.batches.sliding_windows(train, 5)

    def loss_of(model, batch):
        return tg.functional.mse_loss(model.scaled(batch.x), model.scaler(batch.y[:, 0]))

    saved = {"checkpoint": tmp_path / "run.npz", "every": 10} if tmp_path else {}
    tg.train.fit(model, loss_of, [window], tg.optim.Adam(model.parameters(), lr=0.01), updates=updates, progress=False, **saved)
    return model


def test_training_leaves_it_alone():
    model = trained()
    np.testing.assert_allclose(model.scaler.mean.data, SERIES[:30].mean(0), rtol=1e-14)
    np.testing.assert_allclose(model.scaler.std.data, SERIES[:30].std(0), rtol=1e-14)


def test_a_forecast_is_the_same_after_saving_and_loading(tmp_path):
    pytest.importorskip("safetensors")
    model, other = trained(), Forecast(seed=1)
    tg.io.load_into(other, tg.io.save(model, tmp_path / "forecast.safetensors"))
    wanted = model(SERIES[None, -5:]).data
    assert other(SERIES[None, -5:]).data.tolist() == wanted.tolist()
    assert np.abs(wanted - SERIES[:30].mean(0)).max() < 5 * SERIES.std(0).max()


def test_a_checkpoint_holds_it(tmp_path):
    model, other = trained(tmp_path), Forecast(seed=1)
    other.load_state_dict(tg.train.weights_in(tmp_path / "run.npz"))
    assert other(SERIES[None, -5:]).data.tolist() == model(SERIES[None, -5:]).data.tolist()


def test_an_exported_model_scales_too(tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    model = trained()
    x = SERIES[None, -5:]
    given = tg.Tensor(x, requires_grad=True, name="x")  # what is computed from it is recorded
    tg.io.export_onnx(model(given), given, tmp_path / "forecast.onnx", module=model)
    [found] = runtime.InferenceSession(tmp_path / "forecast.onnx").run(None, {"x": x})
    np.testing.assert_allclose(found, model(x).data, rtol=1e-6)


def test_before_it_is_fitted_it_says_so():
    for call in (nn.StandardScaler(2), nn.StandardScaler(2).inverse_transform):
        with pytest.raises(DataError, match="StandardScaler has no mean and std yet") as caught:
            call(SERIES)
        assert "fit" in caught.value.hint
    scaler = nn.StandardScaler(2)
    scaler.load_state_dict({"mean": [1.0, 2.0], "std": [3.0, 4.0]})
    assert scaler([[4.0, 6.0]]).data.tolist() == [[1.0, 1.0]]
    with pytest.raises(LoadError, match=r"mean is \(3,\)"):
        scaler.load_state_dict({"mean": [1.0, 2.0, 3.0], "std": [3.0, 4.0]})


def gap(value):
    x = SERIES.copy()
    x[7, 1] = value
    return x


WRONG = [
    (lambda: fitted(gap(np.nan)), NumericError, "hold nan, in feature 1 at row 7 of 40"),
    (lambda: fitted(gap(-np.inf)), NumericError, "hold -inf, in feature 1 at row 7 of 40"),
    (lambda: fitted(np.array([[1e308], [-1e308]])), NumericError, "too large for float64"),
    (lambda: fitted(np.array([[1e39], [2e39]]), dtype=np.float32), NumericError, "too large for float32"),
    (lambda: fitted(np.ma.masked_invalid(gap(np.nan))), DtypeError, "MaskedArray"),
    (lambda: nn.StandardScaler(2).fit(np.zeros((0, 2))), DataError, r"no data, of shape \(0, 2\)"),
    (lambda: nn.StandardScaler(1).fit(SERIES[:, 0]), ShapeError, r"StandardScaler of 1 features over x of shape \(40,\)"),
    (lambda: nn.StandardScaler(3).fit(SERIES), ShapeError, "StandardScaler of 3 features"),
    (lambda: fitted()(SERIES[:, :1]), ShapeError, r"over x of shape \(40, 1\)"),
    (lambda: fitted().inverse_transform(1.0), ShapeError, r"over x of shape \(\)"),
    (lambda: nn.StandardScaler(2).fit("text"), DtypeError, "text"),
    (lambda: nn.StandardScaler(2).fit(SERIES, [40]), ShapeError, r"x of shape \(40, 2\) with lengths of shape \(1,\)"),
    (lambda: nn.StandardScaler(2).fit(SERIES[None], [41]), DataError, "length 41 among 40 steps"),
    (lambda: nn.StandardScaler(2).fit(SERIES[None], [20, 20]), ShapeError, r"lengths of shape \(2,\)"),
    (lambda: nn.StandardScaler(0), ShapeError, "features=0"),
    (lambda: nn.StandardScaler(2, dtype=int), DtypeError, "int"),
]


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_does_not_fit_is_said(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert caught.value.hint


def test_a_fit_that_fails_changes_nothing():
    scaler = fitted()
    before = scaler.mean.data.tolist(), scaler.std.data.tolist()
    with pytest.raises(NumericError):
        scaler.fit(gap(np.nan))
    assert (scaler.mean.data.tolist(), scaler.std.data.tolist()) == before
