"""Weights in NumPy's own .npz, which a plain install reads and writes: exact, whole or not at all, and nothing in it is run."""

import io
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, LoadError
from tinygrad_rnn.shared import atomic_files as files
from tinygrad_rnn.shared.array_archive import packed


def cell(seed=0, dtype=None):
    return tg.nn.LSTMCell(2, 3, rng=np.random.default_rng(seed), dtype=dtype)


def bits(state):
    return {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in state.items()}


def npy(array, header=None):
    """The bytes of an entry, with another header if one is given."""
    if header is None:
        whole = io.BytesIO()
        np.lib.format.write_array(whole, np.asarray(array), allow_pickle=True)
        return whole.getvalue()
    text = repr(header).encode() if not isinstance(header, bytes) else header
    text += b" " * (-(10 + len(text) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + np.asarray(array).tobytes()


def archive(entries, kind=zipfile.ZIP_STORED):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", kind) as file:
        for name, data in entries:
            file.writestr(name, data)
    return whole.getvalue()


def said(shape=(3,), descr="<f8"):
    return {"descr": descr, "fortran_order": False, "shape": shape}


# ---- round trips ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_a_module_comes_back_bit_for_bit(tmp_path, dtype):
    net = tg.nn.LSTM(3, 4, 2, rng=np.random.default_rng(0), bidirectional=True, dtype=dtype)
    net.layers[0].forwards.b.data[:4] = [np.nan, np.inf, -0.0, np.finfo(dtype).smallest_subnormal]
    path = tg.io.save(net, tmp_path / "net.npz")
    assert path == tmp_path / "net.npz"
    other = tg.nn.LSTM(3, 4, 2, rng=np.random.default_rng(1), bidirectional=True, dtype=dtype)
    tg.io.load_into(other, path)
    assert bits(other.state_dict()) == bits(net.state_dict())
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


ARRAYS = {
    "empty": np.zeros((0, 3)),
    "number": np.array(2.5, np.float32),
    "truth": np.array([True, False]),
    "turned": np.arange(6.0).reshape(2, 3).T,
    "every second": np.arange(9)[::2],
    "swapped": np.arange(3.0).astype(">f8"),
    "ü 图": np.array([-1, 2], np.int16),
    "large": np.array([2**64 - 1], np.uint64),
    "list": [1.0, 2.0],
    "file": np.ones(1),  # an argument of np.savez
    "note": np.ones(1),
    "W.npy": np.ones(1),
    "../up": np.ones(1),
    "": np.ones(1),
}


def test_arrays_of_every_kind_under_any_name(tmp_path):
    path = tg.io.save(ARRAYS, tmp_path / "arrays.NPZ", metadata={"seed": "7", "": "ü"})
    back = tg.io.load(str(path))
    assert {*back} == {*ARRAYS}
    for name, value in ARRAYS.items():
        np.testing.assert_array_equal(back[name], value)
        assert back[name].shape == np.shape(value)
        assert back[name].dtype == np.asarray(value).dtype.newbyteorder("=")
        assert back[name].flags.writeable
    assert tg.io.metadata(path) == {"seed": "7", "": "ü"}


def test_numpy_reads_it_and_what_numpy_wrote_is_read(tmp_path):
    path = tg.io.save(cell(), tmp_path / "w.npz", {"epochs": "3"})
    with np.load(path, allow_pickle=False) as found:
        assert bits({name: found[name] for name in found.files if name != "__metadata__"}) == bits(cell().state_dict())
        assert json.loads(found["__metadata__"].tobytes())["epochs"] == "3"
    np.savez(tmp_path / "theirs.npz", **cell(1).state_dict())
    assert bits(tg.io.load(tmp_path / "theirs.npz")) == bits(cell(1).state_dict())
    assert tg.io.metadata(tmp_path / "theirs.npz") == {}
    assert tg.io.load(tmp_path / "theirs.npz").meaning is None


def test_the_same_weights_give_the_same_bytes(tmp_path):
    first, second = (tg.io.save(cell(), tmp_path / f"{k}.npz", {"a": "1"}).read_bytes() for k in range(2))
    assert first == second
    with zipfile.ZipFile(tmp_path / "0.npz") as file:
        assert {(entry.date_time, entry.create_system) for entry in file.infolist()} == {((1980, 1, 1, 0, 0, 0), 3)}


def test_a_plain_install_is_enough(tmp_path):
    program = (
        "import sys; sys.modules['safetensors'] = None; import numpy as np, tinygrad_rnn as tg\n"
        "cell = tg.nn.LSTMCell(2, 3, rng=np.random.default_rng(0))\n"
        "tg.io.load_into(cell, tg.io.save(cell, 'm.npz')); print(sorted(tg.io.load('m.npz')), tg.io.metadata('m.npz'))"
    )
    root = os.path.dirname(os.path.dirname(tg.__file__))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=tmp_path, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("['Wh', 'Wx', 'b'] {}\n", "")


# ---- what the weights mean --------------------------------------------------------------------------------------------------


def writer(text="hello", dtype=None):
    rng = np.random.default_rng(0)
    letters = tg.data.vocab.CharVocabulary.from_text(text)
    return tg.nn.CharModel(letters, tg.nn.GRUCell(2, 3, rng=rng, dtype=dtype), rng=rng, dtype=dtype)


def test_the_vocabulary_travels_along(tmp_path):
    path = tg.io.save(writer("hello"), tmp_path / "w.npz", {"epochs": "3"})
    assert tg.io.load(path).meaning.vocabularies["vocabulary"]["symbols"] == ("e", "h", "l", "o")
    assert tg.io.metadata(path) == {"epochs": "3"}
    with pytest.raises(LoadError, match=r"w.npz: .*another vocabulary: .*1 gone \('h'\)"):
        tg.io.load_into(writer("jello"), path)


def test_settings_and_shapes_travel_along(tmp_path):
    rng = np.random.default_rng(0)
    path = tg.io.save(tg.nn.RNN(3, 4, nonlinearity="relu", rng=rng), tmp_path / "w.npz")
    with pytest.raises(LoadError, match=r"nonlinearity was 'relu', here it is 'tanh'"):
        tg.io.load_into(tg.nn.RNN(3, 4, rng=rng), path)
    with pytest.raises(LoadError, match=r"misshapen: layers.0.Wx"):
        tg.io.load_into(tg.nn.RNN(2, 4, nonlinearity="relu", rng=rng), path)


class TurnedCell(tg.nn.LSTMCell):
    """The same names and shapes, and its gates in another order."""


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_the_kind_of_cell_travels_along(tmp_path, suffix):
    if suffix == "safetensors":
        pytest.importorskip("safetensors")
    rng = np.random.default_rng(0)
    path = tg.io.save(tg.nn.Stacked([cell()]), tmp_path / f"w.{suffix}")
    assert tg.io.load(path).meaning.cells == {"layers.0": "LSTMCell"}
    other = tg.nn.Stacked([TurnedCell(2, 3, rng=rng)])
    before = bits(other.state_dict())
    with pytest.raises(LoadError, match=r"another kind of cell: layers\.0 was LSTMCell, here it is TurnedCell") as caught:
        tg.io.load_into(other, path)
    assert bits(other.state_dict()) == before
    assert "model.load_state_dict(tg.io.load(path))" in caught.value.hint
    other.load_state_dict(tg.io.load(path))  # in a program one may know better
    assert bits(other.state_dict()) == bits(tg.nn.Stacked([cell()]).state_dict())


def test_another_dtype_is_rounded_with_a_word(tmp_path):
    path = tg.io.save(writer(), tmp_path / "w.npz")
    with pytest.warns(UserWarning, match="as float64, the module has float32: it was rounded"):
        tg.io.load_into(writer(dtype=np.float32), path)


def test_a_damaged_meaning_loads_nothing(tmp_path):
    for text in ("[1]", "{", '{"settings": 3}'):
        (tmp_path / "w.npz").write_bytes(packed({"a": np.ones(1)}, {"tinygrad_rnn.meaning": text}, "__metadata__"))
        with pytest.raises(LoadError, match="what it says of its weights is damaged"):
            tg.io.load(tmp_path / "w.npz")


# ---- what cannot be saved ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"a\0b": np.ones(1)}, "cannot be a name in a zip file"),
        ({"a" * 70_000: np.ones(1)}, "cannot be a name in a zip file"),
        ({"\ud800": np.ones(1)}, "these weights cannot be saved"),
        ({"__metadata__": np.ones(1)}, "under the name '__metadata__'"),
        ({"a": np.array([object()])}, "it is object"),
        ({"a": np.array(["text"])}, "it is <U4"),
        ({"a": np.ones(1, np.longdouble)}, "cannot be saved"),
    ],
)
def test_sources_that_are_refused(tmp_path, source, says):
    with pytest.raises(DataError, match=says) as caught:
        tg.io.save(source, tmp_path / "x.npz")
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model.pt", "model", "model.npy", "model.npz.gz"])
def test_another_ending_gets_a_sentence_that_names_the_two(tmp_path, name):
    with pytest.raises(DataError, match=re.escape("the suffix is .safetensors or .npz")):
        tg.io.save(cell(), tmp_path / name)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(LoadError, match="does not tell the format") as caught:
        tg.io.load(tmp_path / name)
    assert ".safetensors or .npz" in caught.value.hint


@pytest.mark.parametrize("path", [0, 3, -1, True, 10**400, 2.5, None, ["w.npz"]])
def test_what_is_no_path_is_refused(path):
    for call in (tg.io.load, tg.io.metadata, lambda path: tg.io.load_into(cell(), path)):
        with pytest.raises(LoadError, match="cannot load") as caught:
            call(path)
        assert caught.value.hint
    with pytest.raises(DataError, match="cannot save"):
        tg.io.save(cell(), path)


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tg.io.save(cell(0), tmp_path / "w.npz")
    before = path.read_bytes()

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(DataError, match="No space left on device"):
        tg.io.save(cell(1), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["w.npz"]


# ---- hostile files ----------------------------------------------------------------------------------------------------------

GOOD = [(f"{name}.npy", npy(value)) for name, value in cell(1).state_dict().items()]


def overlapping():
    """Ten entries that are one and the same place in the file."""
    data, name = npy(np.ones(100)), b"a.npy"
    local = (
        struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, zlib.crc32(data), len(data), len(data), len(name), 0) + name + data
    )
    central = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, zlib.crc32(data), len(data), len(data), 5, 0, 0, 0, 0, 0, 0)
        + f"{k}.npy".encode()
        for k in range(10)
    )
    return local + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 10, 10, len(central), len(local), 0)


HOSTILE = {
    "nothing": b"",
    "no zip": b"\x93NUMPY",
    "a pickle": b"\x80\x04cos\nsystem\n(S'touch executed'\ntR.",
    "cut": archive(GOOD)[:-30],
    "a bomb": archive([("a.npy", npy(np.zeros(5_000_000)))], zipfile.ZIP_DEFLATED),
    "one entry ten times": overlapping(),
    "a changed byte": archive(GOOD).replace(npy(cell(1).b.data)[-8:], b"\0" * 7 + b"\1", 1),
    "no array": archive([("a.npy", b"text")]),
    "an array of objects": archive([("a.npy", npy(np.array([{"a": 1}], object)))]),
    "an array of text": archive([("a.npy", npy(np.array(["text"])))]),
    "dates": archive([("a.npy", npy(np.array(["2020-01-01"], "M8[D]")))]),
    "complex numbers": archive([("a.npy", npy(np.ones(1, complex)))]),
    "records": archive([("a.npy", npy(np.zeros(2, [("a", "f8")])))]),
    "a header that is code": archive([("a.npy", npy(np.ones(3), b"__import__('os').system('touch executed')"))]),
    "a header without end": archive([("a.npy", npy(np.ones(3), b"(" * 9000))]),
    "a huge header": archive([("a.npy", npy(np.ones(3), b" " * 60_000))]),
    "a huge shape": archive([("a.npy", npy(np.ones(3), said((2**40, 2**20))))]),
    "a shape of terabytes": archive([("a.npy", npy(np.ones(3), said((2**45,))))]),
    "a shape beyond 64 bits": archive([("a.npy", npy(np.ones(3), said((2**70,))))]),
    "a shape below 0": archive([("a.npy", npy(np.ones(2), said((-1, -2))))]),
    "a shape of numbers that are not whole": archive([("a.npy", npy(np.ones(3), said((3.0,))))]),
    "too little data": archive([("a.npy", npy(np.ones(2), said()))]),
    "too much data": archive([("a.npy", npy(np.ones(4), said()))]),
    "a dtype that is none": archive([("a.npy", npy(np.ones(3), said(descr="nonsense")))]),
    "words that are no text": packed({}, {"a": 1}, "__metadata__"),
    "words that are a list": archive([("__metadata__.npy", npy(np.frombuffer(b"[1]", np.uint8)))]),
    "words that are no JSON": archive([("__metadata__.npy", npy(np.frombuffer(b"{\xff", np.uint8)))]),
    "words that are numbers": archive([("__metadata__.npy", npy(np.ones(3)))]),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [*HOSTILE, "a name twice", "too few", "another name", "a name with NUL"])
def test_hostile_files_load_nothing(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    more = {
        "a name twice": lambda: archive([*GOOD, GOOD[0]]),
        "too few": lambda: archive(GOOD[1:]),
        "another name": lambda: archive([("x.npy", npy(np.ones(1))), *GOOD]),
        "a name with NUL": lambda: archive(GOOD).replace(b"Wx.npy", b"\0x.npy"),
    }
    data = more[name]() if name in more else HOSTILE[name]
    (tmp_path / "hostile.npz").write_bytes(data)
    module = cell()
    before = bits(module.state_dict())
    with pytest.raises(LoadError, match=r"cannot load .*hostile") as caught:
        tg.io.load_into(module, "hostile.npz")
    assert caught.value.hint
    assert caught.value.message.isprintable()
    assert bits(module.state_dict()) == before
    assert [p.name for p in tmp_path.iterdir()] == ["hostile.npz"]


def test_compressed_weights_are_refused_with_the_way_out(tmp_path):
    np.savez_compressed(tmp_path / "w.npz", **cell().state_dict())
    with pytest.raises(LoadError, match="compressed") as caught:
        tg.io.load(tmp_path / "w.npz")
    assert caught.value.hint == "np.savez writes what can be read here"


def test_a_checkpoint_of_a_training_is_told_from_weights(tmp_path):
    model = tg.nn.Linear(1, 1, rng=np.random.default_rng(0))
    adam = tg.optim.Adam(model.parameters(), lr=0.1)
    run = tmp_path / "run.npz"
    tg.train.fit(model, lambda model, x: (model(x) ** 2).sum(), [np.ones((1, 1))], adam, epochs=1, checkpoint=run, progress=False)
    with pytest.raises(LoadError, match="it is a checkpoint of a training") as caught:
        tg.io.load(run)
    assert f"tg.train.weights_in({str(run)!r})" in caught.value.hint
    with pytest.raises(LoadError, match="it has no note of a training"):
        tg.train.weights_in(tg.io.save(model, tmp_path / "w.npz"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "w.npz"
    tg.io.save(cell(1), path)
    return path, path.read_bytes()


def attempt(path, data):
    """Load data into a module: nothing or everything."""
    path.write_bytes(data)
    module = cell(0)
    try:
        tg.io.load_into(module, path)
    except LoadError:
        assert bits(module.state_dict()) == bits(cell(0).state_dict())
        return False
    return True


@settings(max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_loads_nothing(whole, share):
    path, data = whole
    assert not attempt(path, data[: int(share * len(data))])


def test_no_flipped_bit_hides_an_array(tmp_path):
    arrays = {"a": np.ones(3), "b": np.arange(4.0), "c": np.ones(2, np.float32)}
    path = tg.io.save(arrays, tmp_path / "w.npz", {"a": "1"})
    good, taken = path.read_bytes(), 0
    for place in range(len(good)):
        damaged = bytearray(good)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            found = bits(tg.io.load(path)), tg.io.metadata(path)
        except LoadError:
            continue
        taken += 1  # in a field that says nothing, such as a date
        assert found == (bits(arrays), {"a": "1"})
    assert taken < len(good) / 3


@settings(max_examples=200)
@given(places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
@pytest.mark.filterwarnings("ignore:.*was not compared", "ignore:Duplicate name")
def test_a_file_that_was_changed_loads_nothing_or_everything(whole, places):
    path, data = whole
    changed = bytearray(data)
    for share, byte in places:
        changed[int(share * len(data))] = byte
    attempt(path, bytes(changed))
