"""Weights on disk: exact round trips, files that are as a whole or not at all, and hostile files that load nothing."""

import builtins
import json
import os
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError, LoadError
from tinygrad_rnn.shared import atomic_files as files
from tinygrad_rnn.shared.invocation import install

posix = pytest.mark.skipif(os.name != "posix", reason="pipes and permissions")


@pytest.fixture(autouse=True)
def _installed(request):
    if "without_the_extra" not in request.node.name:
        pytest.importorskip("safetensors", reason="needs safetensors: pip install 'tinygrad_rnn[interop]'")


def cell(seed=0, dtype=None):
    return tg.nn.LSTMCell(2, 3, rng=np.random.default_rng(seed), dtype=dtype)


def bits(state):
    return {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in state.items()}


def container(header, data=b"", length=None):
    """A file in the format, of a header that may be anything."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype="F64", shape=(2,), offsets=(0, 16)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


# ---- round trips ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_a_module_comes_back_bit_for_bit(tmp_path, dtype):
    net = tg.nn.LSTM(3, 4, 2, rng=np.random.default_rng(0), bidirectional=True, dtype=dtype)
    net.layers[0].forwards.b.data[:4] = [np.nan, np.inf, -0.0, np.finfo(dtype).smallest_subnormal]
    path = tg.io.save(net, tmp_path / "net.safetensors")
    assert path == tmp_path / "net.safetensors"
    other = tg.nn.LSTM(3, 4, 2, rng=np.random.default_rng(1), bidirectional=True, dtype=dtype)
    tg.io.load_into(other, path)
    assert bits(other.state_dict()) == bits(net.state_dict())
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


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
}


def test_arrays_of_every_kind(tmp_path):
    path = tg.io.save(ARRAYS, tmp_path / "arrays.safetensors", metadata={"seed": "7", "": "ü"})
    back = tg.io.load(str(path))
    assert set(back) == set(ARRAYS)
    for name, value in ARRAYS.items():
        np.testing.assert_array_equal(back[name], value)
        assert back[name].shape == np.shape(value)
        assert back[name].dtype == np.asarray(value).dtype.newbyteorder("=")
        assert back[name].flags.writeable
    assert tg.io.metadata(path) == {"seed": "7", "": "ü"}


def test_other_programs_read_it(tmp_path):
    from safetensors.numpy import load_file, save_file

    path = tg.io.save(cell(), tmp_path / "w.safetensors")
    assert bits(load_file(path)) == bits(cell().state_dict())
    save_file(cell(1).state_dict(), tmp_path / "theirs.safetensors")
    assert bits(tg.io.load(tmp_path / "theirs.safetensors")) == bits(cell(1).state_dict())
    assert tg.io.metadata(path) == {}


def test_what_was_loaded_does_not_hang_on_the_file(tmp_path):
    path = tg.io.save({"a": np.ones(4)}, tmp_path / "a.safetensors")
    loaded = tg.io.load(path)
    tg.io.save({"a": np.zeros(4)}, path)
    assert loaded["a"].tolist() == [1, 1, 1, 1]


# ---- what cannot be saved ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (3, "save of a int"),
        ({"a": "text"}, "a cannot be saved: it is <U4"),
        ({"a": np.array([object()])}, "it is object"),
        ({"a": [[1], [1, 2]]}, "a cannot be saved"),
        ({"a": np.ones(1, np.complex128)}, "complex128"),
        ({"a": np.ones(1, np.longdouble)}, "cannot be saved"),
        ({3: np.ones(1)}, "under the name 3"),
        ({"__metadata__": np.ones(1)}, "under the name '__metadata__'"),  # written, it could not be read back
        ({"\ud800": np.ones(1)}, "cannot be saved"),
    ],
)
def test_sources_that_are_refused(tmp_path, source, says):
    with pytest.raises(DataError, match=says):
        tg.io.save(source, tmp_path / "x.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("metadata", [{"a": 1}, {1: "a"}, {"a": None}, 3, "text"])
def test_metadata_is_text(tmp_path, metadata):
    with pytest.raises(DataError, match="metadata of"):
        tg.io.save({}, tmp_path / "x.safetensors", metadata)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("x.pt", "the suffix is .safetensors or .npz"),
        ("", "empty name"),
        (".", "it is a folder"),
        (".safetensors", "put a name before the suffix"),
        ("missing/x.safetensors", "does not exist"),
        ("x" * 300 + ".safetensors", "too long"),
        (3, "give a path"),
    ],
)
def test_paths_that_are_refused(tmp_path, monkeypatch, path, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=says):
        tg.io.save({"a": np.ones(1)}, path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", ["write", "fsync", "replace", "chmod"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, fails):
    path = tg.io.save(cell(0), tmp_path / "w.safetensors")
    before = path.read_bytes()

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    if fails == "write":
        real = files.tempfile.NamedTemporaryFile

        def opened(*args, **options):
            file = real(*args, **options)
            file.write = full
            return file

        monkeypatch.setattr(files.tempfile, "NamedTemporaryFile", opened)
    else:
        monkeypatch.setattr(files.os, fails, full)
    with pytest.raises(DataError, match="No space left on device"):
        tg.io.save(cell(1), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_device_is_no_target():
    with pytest.raises(DataError, match=r"cannot (write|save)"):
        tg.io.save(cell(), "/dev/full")


@posix
def test_a_folder_that_may_not_be_written(tmp_path):
    path = tg.io.save(cell(0), tmp_path / "w.safetensors")
    before = path.read_bytes()
    tmp_path.chmod(0o555)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("root may write everywhere")
        with pytest.raises(DataError, match="you may not write to that folder"):
            tg.io.save(cell(1), path)
    finally:
        tmp_path.chmod(0o755)
    assert path.read_bytes() == before


@posix
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.safetensors").write_bytes(b"")
    (tmp_path / "link.safetensors").symlink_to("real.safetensors")
    tg.io.save(cell(), tmp_path / "link.safetensors")
    assert (tmp_path / "link.safetensors").is_symlink()
    tg.io.load_into(cell(1), tmp_path / "real.safetensors")


@posix
def test_permissions_stay(tmp_path):
    path = tg.io.save(cell(), tmp_path / "w.safetensors")
    path.chmod(0o600)
    tg.io.save(cell(1), path)
    assert path.stat().st_mode & 0o777 == 0o600


# ---- hostile files ----------------------------------------------------------------------------------------------------------

HOSTILE = {
    "nothing": b"",
    "three bytes": b"abc",
    "a length alone": struct.pack("<Q", 8),
    "a length without end": struct.pack("<Q", 2**64 - 1) + b"{}",
    "a header of 2 GB": struct.pack("<Q", 2**31) + b"{}",
    "no JSON": container(b"\x80\x04\x95pickle."),
    "a list": container([1, 2]),
    "no Unicode": container(b'{"\xff": 1}'),
    "brackets without end": container(b"[" * 100_000),
    "no offsets": container({"a": {"dtype": "F64", "shape": [2]}}, b"\0" * 16),
    "too little data": container({"a": entry()}, b"\0" * 8),
    "too much data": container({"a": entry()}, b"\0" * 24),
    "overlapping": container({"a": entry(), "b": entry(offsets=(8, 24))}, b"\0" * 24),
    "a hole": container({"a": entry(), "b": entry(offsets=(24, 40))}, b"\0" * 40),
    "offsets backwards": container({"a": entry(offsets=(16, 0))}, b"\0" * 16),
    "offsets below 0": container({"a": entry(offsets=(-16, 0))}, b"\0" * 16),
    "another size": container({"a": entry(shape=(3,))}, b"\0" * 16),
    "a huge size": container({"a": entry(shape=(2**40, 2**40))}, b"\0" * 16),
    "sizes beyond 64 bits": container({"a": entry(shape=(2**70,))}, b"\0" * 16),
    "a size below 0": container({"a": entry(shape=(-2,))}, b"\0" * 16),
    "nothing, hugely": container({"a": entry(shape=(0, 2**63 - 1, 2**62), offsets=(0, 0))}),
    "an unknown dtype": container({"a": entry(dtype="O")}, b"\0" * 16),
    "bfloat16": container({"a": entry(dtype="BF16", shape=(8,))}, b"\0" * 16),
    "float8": container({"a": entry(dtype="F8_E4M3", shape=(16,))}, b"\0" * 16),
    "metadata that is no text": container({"__metadata__": {"a": [1]}, "a": entry()}, b"\0" * 16),
    "a pickle": b"\x80\x04cos\nsystem\n(S'touch executed'\ntR.",
    "a zip": b"PK\x03\x04" + b"\0" * 60,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_load_nothing(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(HOSTILE[name])
    module = cell()
    before = bits(module.state_dict())
    for load in (tg.io.load, lambda path: tg.io.load_into(module, path)):
        with pytest.raises(LoadError, match=r"cannot load .*hostile") as caught:
            load(path)
        assert caught.value.hint
    assert bits(module.state_dict()) == before
    assert [p.name for p in tmp_path.iterdir()] == ["hostile.safetensors"]


def test_formats_that_numpy_lacks_are_named(tmp_path):
    (tmp_path / "b.safetensors").write_bytes(HOSTILE["bfloat16"])
    with pytest.raises(LoadError, match="a is bfloat16, which NumPy does not have"):
        tg.io.load(tmp_path / "b.safetensors")


@posix
def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, says in [
        (tmp_path, "it is not a file"),
        (tmp_path / "pipe", "it is not a file"),
        ("/dev/zero", "it is not a file"),
        (tmp_path / "missing", "no such file"),
        ("x\0y", "no such file|null"),
        (3.5, "cannot load 3.5"),
    ]:
        with pytest.raises(LoadError, match=says):
            tg.io.load(path)


@pytest.mark.parametrize("change", ["missing", "more", "shape", "text"])
def test_a_file_for_another_module_changes_nothing(tmp_path, change):
    state = cell(1).state_dict()
    if change == "missing":
        del state["b"]
    elif change == "more":
        state["d"] = np.ones(2)
    elif change == "shape":
        state["Wh"] = state["Wh"].T
    else:
        state = {}
    path = tg.io.save(state, tmp_path / "w.safetensors")
    module = cell(0)
    with pytest.raises(LoadError, match=r"w.safetensors: this state does not fit LSTMCell"):
        tg.io.load_into(module, path)
    assert bits(module.state_dict()) == bits(cell(0).state_dict())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    pytest.importorskip("safetensors", reason="needs safetensors: pip install 'tinygrad_rnn[interop]'")
    path = tmp_path_factory.mktemp("fuzz") / "w.safetensors"
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


@settings(max_examples=100)
@given(places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_file_that_was_changed_loads_nothing_or_everything(whole, places):
    path, data = whole
    changed = bytearray(data)
    header = 8 + struct.unpack("<Q", data[:8])[0]
    for share, byte in places:
        changed[int(share * header)] = byte
    attempt(path, bytes(changed))


@settings(max_examples=50)
@given(data=st.binary(max_size=200), prefix=st.booleans())
def test_noise_loads_nothing(whole, data, prefix):
    assert not attempt(whole[0], container(data) if prefix else data)


# ---- without the extra --------------------------------------------------------------------------------------------------------


def test_a_sentence_without_the_extra(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **options):
        if name.split(".")[0] in ("safetensors", "onnx"):
            raise ImportError(name)
        return real(name, *args, **options)

    for name in [name for name in sys.modules if name.split(".")[0] in ("safetensors", "onnx")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    there = tmp_path / "there.safetensors"
    there.write_bytes(b"weights")
    x = tg.Tensor([1.0], requires_grad=True, name="x")
    for call in (
        lambda: tg.io.save(cell(), tmp_path / "w.safetensors"),
        lambda: tg.io.load(there),
        lambda: tg.io.load_into(cell(), there),
        lambda: tg.io.export_onnx(x * 2.0, [x], tmp_path / "m.onnx"),
        lambda: tg.io.export_onnx_recurrent(cell(), tmp_path / "m.onnx"),
    ):
        with pytest.raises(DataError, match="is not installed") as caught:
            call()
        assert caught.value.hint == install("interop")
    for load in (tg.io.load, tg.io.metadata, lambda path: tg.io.load_into(cell(), path)):  # what is missing first is said first
        with pytest.raises(LoadError, match="there is no such file"):
            load(tmp_path / "missing.safetensors")
    assert list(tmp_path.iterdir()) == [there]
