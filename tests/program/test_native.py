"""Programs with their loops in machine code give what the engine gives; where that cannot be had, one sentence says why."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from programs import LOSSES, run_alone

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.program.distribute import distributed
from tinygrad_rnn.program.machine import CannotBeC, build, native, native_text
from tinygrad_rnn.shared import operating_system

pytestmark = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C compiler on this machine")


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    """A cache of its own, under a name that has all that names have."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("ein Ordner für 循環")
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
            patch.setenv(name, str(folder))
        patch.delenv("CC", raising=False)
        yield folder


def check(loss, atol=1e-10):
    """The machine code of a loss against `backward()`; None if the program has no loop."""
    program = tg.program.program_of(loss)
    if not any(block.lane for block in distributed(program)):
        with pytest.raises(CannotBeC, match="no loop over time"):
            native(program)
        return None
    compiled = native(program)
    loss_found, found = compiled(*[v.array for v in program.given])
    loss.backward()
    wanted = {id(r.value): r.grad for r in tg.snapshot(loss).parameters}
    np.testing.assert_allclose(loss_found, loss.numpy(), rtol=atol, atol=atol)
    for p, g in zip(program.gradients, found, strict=True):
        expected = wanted[id(p.array)]
        assert (g.shape, g.dtype) == (expected.shape, p.array.dtype)
        np.testing.assert_allclose(g, expected, rtol=0, atol=atol * max(1.0, float(np.abs(expected).max(initial=0.0))))
    return compiled


@pytest.mark.parametrize("name", LOSSES)
def test_every_model(name):
    for T in (1, 3, 9):
        check(LOSSES[name](np.random.default_rng(T), T), 2e-4 if name == "float32" else 1e-10)


def unrolled(layer, T, B, dtype="float64", I=5, H=7):
    rng = np.random.default_rng(T + B)
    hs, _ = nn.unroll(layer(I, H, rng=rng, dtype=dtype), rng.standard_normal((B, T, I)).astype(dtype))
    return ((tg.stack(list(hs)) - 0.5) ** 2).mean()


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_text_for_all_lengths_and_batches(layer, dtype):
    texts = set()
    for T, B in [(4, 9), (5, 2), (9, 8), (17, 3), (40, 4)]:
        texts.add(check(unrolled(layer, T, B, dtype), 1e-10 if dtype == "float64" else 2e-4).c)
    assert len(texts) == 1


@pytest.mark.parametrize("layer", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("n", [1, 4, 16, 33])
def test_sizes_that_are_all_equal(layer, n):
    check(unrolled(layer, max(n, 4), n, "float64", n, n))


@pytest.mark.parametrize("H", [16, 32, 48, 100, 300])
@pytest.mark.parametrize("B", [1, 7, 23])
def test_products_of_all_widths(H, B):
    check(unrolled(nn.LSTM, 5, B, "float32", 3, H), 2e-4)


class RandomCell(nn.Module):
    """Two states, and what a seed makes of them: gates, sums, products, slices and joins in any order."""

    def __init__(self, seed, H=4):
        self.rng, self.H, self.seed = np.random.default_rng(seed), H, seed
        self.W = [self.weight(2 * H, 2 * H) for _ in range(3)]
        self.b = [self.weight(H) for _ in range(3)]

    def weight(self, *shape):
        return tg.Tensor(0.4 * self.rng.standard_normal(shape), requires_grad=True)

    def initial_state(self, batch):
        return tg.Tensor(np.zeros((batch, self.H))), tg.Tensor(np.ones((batch, self.H)))

    def step(self, x, state):
        rng, H = np.random.default_rng(self.seed), self.H
        pool = [x, *state]
        for _ in range(8):
            a, b = (pool[k] for k in rng.integers(len(pool), size=2))
            pool.append(
                [
                    lambda a, b: tg.tanh(a + b),
                    lambda a, b: tg.sigmoid(a) * b,
                    lambda a, b: tg.relu(a - b) + self.b[0],
                    lambda a, b: (tg.concat([a, b], axis=1) @ self.W[0])[:, :H],
                    lambda a, b: (tg.concat([b, a], axis=1) @ self.W[1])[:, H:] + self.b[1],
                    lambda a, b: a - a.mean(axis=1, keepdims=True) + b.sum(axis=1, keepdims=True),
                    lambda a, b: tg.maximum(a, b) * self.b[2],
                    lambda a, b: tg.where(a.numpy() > 9.0, a, b) / (1 + a * a),
                    lambda a, b: tg.exp(-(a * a)) * b,
                    lambda a, b: a @ (self.W[2][:H, :H]) + b,
                ][rng.integers(10)](a, b)
            )
        return tg.tanh(pool[-1]), tg.tanh(pool[-2] + pool[-3])


@pytest.mark.parametrize("seed", range(1, 31))
def test_random_cells(seed):
    cell, B = RandomCell(seed), 1 + seed % 9
    hs, state = nn.unroll(cell, np.random.default_rng(seed).standard_normal((B, 6, cell.H)))
    check((tg.stack(list(hs)) ** 2).mean() + (state[1] ** 3).sum(), 1e-9)


def test_nan_and_infinity_go_through():
    for bad in (np.nan, np.inf, -np.inf):
        x = np.random.default_rng(0).standard_normal((2, 6, 3))
        x[1, 3, 0] = bad
        with np.errstate(all="ignore"):
            hs, _ = nn.unroll(nn.GRUCell(3, 4, rng=np.random.default_rng(0)), x)
            program = tg.program.program_of((tg.stack(list(hs)) ** 2).mean())
            (loss, found), (wanted, expected) = native(program)(*[v.array for v in program.given]), run_alone(program)
        np.testing.assert_allclose(loss, wanted)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(np.isnan(a), np.isnan(b))


@pytest.mark.parametrize(("function", "limit"), [("tanh_of", 5e-7), ("exp_of", 2.5e-7), ("sigmoid", 3e-7)])
def test_functions_over_all_of_float32(function, limit):
    """Every 511th number that there is, and the special ones: tanh and sigmoid within `limit`, exp within `limit` of its value."""
    text = f"""#define real float
#include "c_kernels.h"
EXPORTED void all(size n, const float *x, float *y) {{ EACH for (size k = 0; k < n; k++) y[k] = {function}(x[k]); }}"""
    x = np.arange(0, 2**32, 511, dtype=np.uint64).astype(np.uint32).view(np.float32)
    tiny = np.finfo(np.float32).smallest_subnormal
    x = np.ascontiguousarray(np.concatenate([x, np.float32([0, -0.0, np.inf, -np.inf, np.nan, tiny, -tiny, 88.7, 89, -103.9])]))
    y = np.empty_like(x)
    address = [a.__array_interface__["data"][0] for a in (x, y)]
    build.built(text).all(ctypes.c_ssize_t(x.size), *map(ctypes.c_void_p, address))
    np.testing.assert_array_equal(np.isnan(y), np.isnan(x))
    known = ~np.isnan(x)
    wide = x[known].astype(np.float64)
    with np.errstate(over="ignore"):
        exact = {"tanh_of": np.tanh, "exp_of": np.exp, "sigmoid": lambda v: 0.5 * np.tanh(0.5 * v) + 0.5}[function](wide)
        rounded = exact.astype(np.float32)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(y[known][~finite], rounded[~finite])
    scale = np.maximum(np.abs(exact[finite]), tiny / limit) if function == "exp_of" else 1.0
    assert (np.abs(y[known][finite] - exact[finite]) / scale).max() < limit


def small():
    return tg.program.program_of(unrolled(nn.RNN, 5, 2))


def test_arrays_of_another_size_are_refused():
    program = small()
    given = [v.array for v in program.given]
    with pytest.raises(tg.errors.ShapeError, match="was given others"):
        native(program)(given[0][:4], *given[1:])


def test_what_is_no_program_is_refused():
    with pytest.raises(tg.errors.GraphError, match="takes a program"):
        native(unrolled(nn.RNN, 5, 2))


def test_no_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    with pytest.raises(CannotBeC, match=r"no C compiler was found: install one, or tinygrad_rnn\[native\]"):
        native(small())
    monkeypatch.setenv("CC", "no such compiler")
    with pytest.raises(CannotBeC, match="CC names 'no such compiler', which is not on this machine"):
        native(small())


@pytest.mark.skipif(os.name == "nt", reason="a script with a first line")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("case $1 in --version) echo 1;; *) echo 'x.c:1: error: no' >&2; exit 1;; esac", "failed: x.c:1: error: no"),
        ("case $1 in --version) echo 2;; *) /bin/sleep 60;; esac", "gave no answer in 0.5 seconds"),
        (
            "case $1 in --version) echo 3;; *) echo nonsense > program.so; echo nonsense > program.dylib;; esac",
            "cannot be loaded",
        ),
        ("exit 1", "failed: it said nothing"),
    ],
)
def test_a_compiler_that_does_not_work(script, words, tmp_path, monkeypatch):
    own = tmp_path / "my own cc"
    own.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    own.chmod(0o755)
    monkeypatch.setenv("CC", str(own))
    monkeypatch.setattr(build, "SECONDS", 0.5)
    with pytest.raises(CannotBeC, match=words) as why:
        native(small())
    assert "\n" not in why.value.message


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setattr(build, "cache_folder", lambda: blocked / "in it")
    program = small()
    assert np.isfinite(native(program)(*[v.array for v in program.given])[0])


def test_a_damaged_library_is_built_again(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "cache_folder", lambda: tmp_path)
    program = small()
    (target,) = left_by_two_processes(native_text(program)[1], tmp_path)
    target.write_bytes(b"half a library")
    assert np.isfinite(native(program)(*[v.array for v in program.given])[0])
    assert target.stat().st_size > 1000


def left_by_two_processes(text, folder):
    """What processes that build the same at once leave in a cache."""
    code = (
        "import sys, pathlib; from tinygrad_rnn.program.machine import build\n"
        "build.cache_folder = lambda: pathlib.Path(sys.argv[1])\n"
        "build.built(sys.stdin.buffer.read().decode())"
    )
    run, paths = [sys.executable, "-c", code, str(folder)], os.pathsep.join(filter(None, sys.path))
    two = [subprocess.Popen(run, stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}) for _ in range(2)]
    for process in two:
        process.communicate(text.encode())
        assert process.returncode == 0
    return list(folder.iterdir())


def test_two_processes_build_at_once(tmp_path):
    (library,) = left_by_two_processes(native_text(small())[1], tmp_path)  # and nothing half
    assert library.suffix == operating_system.LIBRARY


def test_what_is_cached_is_not_compiled_again(monkeypatch):
    native(small())
    monkeypatch.setattr(build, "_compiled", None)
    native(small())


def test_the_cache_is_in_the_users_folder(monkeypatch, tmp_path):
    for system, name in (("linux", "XDG_CACHE_HOME"), ("win32", "LOCALAPPDATA")):
        monkeypatch.setenv(name, str(tmp_path))
        assert operating_system.cache_folder(system) == tmp_path / "tinygrad_rnn"
        monkeypatch.setenv(name, "not absolute")
        assert Path.home() in operating_system.cache_folder(system).parents


def test_names_that_mean_something_in_c():
    class Cell(nn.Module):
        def __init__(self, rng):
            self.float, self.h_, self.unix = (tg.Tensor(rng.standard_normal((3, 3)), requires_grad=True) for _ in range(3))

        def initial_state(self, batch):
            return (tg.Tensor(np.zeros((batch, 3)), name="int"),)

        def step(self, x, state):
            sums = tg.named(x @ self.float + state[0] @ self.h_, "sum")
            return (tg.named(tg.tanh(tg.named(sums * sums, "h") + state[0] @ self.unix), "h_"),)

    hs, _ = nn.unroll(Cell(np.random.default_rng(0)), np.random.default_rng(1).standard_normal((2, 6, 3)))
    check((tg.stack(list(hs)) ** 2).mean())
