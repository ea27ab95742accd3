"""The course of a training: short where it is printed, whole where it is plotted."""

import csv

import numpy as np
import pytest

from tinygrad_rnn.errors import DataError
from tinygrad_rnn.shared import atomic_files
from tinygrad_rnn.train.history import Log


def logged(updates, scores=(), stopped="done", notes=()):
    log = Log(stopped=stopped, notes=[*notes])
    for k in range(updates):
        log.add(loss=1.0 / (k + 1), grad_norm=2.0, lr=0.1)
        if k < len(scores):
            log.judge(scores[k])
    return log.history()


@pytest.mark.parametrize(
    ("history", "text"),
    [
        (logged(10_000), "History(10000 updates, loss 1 to 0.0001, done)"),
        (logged(1, stopped="interrupted"), "History(1 update, loss 1 to 1, interrupted)"),
        (logged(0, stopped=""), "History(0 updates, not stopped)"),
        (
            logged(3, [{"nats": 2.0, "error": 0.5}, {"nats": 1.23456, "error": 0.9}], notes=["full disk"]),
            "History(3 updates, loss 1 to 0.3333, best nats 1.235 at update 2, done, 1 note)",
        ),
    ],
)
def test_it_is_printed_in_a_line(history, text):
    assert repr(history) == str(history) == text


def test_the_numbers_are_all_there():
    history = logged(10_000, [{"nats": 2.0}])
    np.testing.assert_array_equal(history.loss, 1 / np.arange(1, 10_001))
    assert history.grad_norm.shape == history.lr.shape == (10_000,)
    assert (history.scores["nats"].tolist(), history.evaluated.tolist()) == ([2.0], [1])


# ---- as a table -------------------------------------------------------------------------------------------------------------


def tabled():
    log = Log(stopped="done")
    for k in range(4):
        log.add(loss=1 / (k + 3), grad_norm=2.0, lr=0.1)
        if k % 2:
            log.epochs.append(k + 1)
            log.judge({"error": 0.1 * k, "loss": 5.0})
    return log.history()


def test_it_is_a_sequence_of_one_dict_an_update():
    history = tabled()
    assert len(history) == 4
    rows = list(history)
    assert rows == [*history]  # as often as one likes
    assert [*rows[0]] == ["update", "epoch", "loss", "grad_norm", "lr", "error", "scores/loss"]
    assert [(row["update"], row["epoch"]) for row in rows] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert [row["loss"] for row in rows] == history.loss.tolist()
    np.testing.assert_equal([row["error"] for row in rows], [np.nan, 0.1, np.nan, 0.30000000000000004])
    assert list(logged(0)) == []


def test_pandas_takes_it():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(tabled())
    assert [*table.columns] == ["update", "epoch", "loss", "grad_norm", "lr", "error", "scores/loss"]
    assert table["loss"].tolist() == tabled().loss.tolist()
    assert table["error"].isna().tolist() == [True, False, True, False]
    assert (len(pandas.DataFrame(logged(0))), table["update"].dtype.kind) == (0, "i")


def test_it_is_what_a_table_asks_for():
    """What pandas looks at: something with `__iter__` that is no array, no mapping and no text, whose first item is a dict."""
    history = tabled()
    assert not hasattr(history, "__array__")
    assert not hasattr(history, "keys")
    assert all(type(row) is dict for row in history)


def test_a_csv_comes_back_to_the_bit(tmp_path):
    history = tabled()
    path = history.to_csv(tmp_path / "run.csv")
    assert path == tmp_path / "run.csv"
    assert b"\r" not in path.read_bytes()
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == history.loss.tolist()
    assert [row["error"] for row in rows] == ["", "0.1", "", "0.30000000000000004"]
    assert [p.name for p in tmp_path.iterdir()] == ["run.csv"]


def test_names_of_scores_are_text_in_a_csv_and_in_a_notebook(tmp_path):
    name = '<script>alert(1)</script>,"\n\u202e'
    history = logged(2, [{name: 1.0}, {name: 2.0}], notes=["<b>"])
    with open(history.to_csv(tmp_path / "run.csv"), newline="", encoding="utf-8") as file:
        assert next(csv.reader(file))[-1] == name
    shown = history._repr_html_()
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "\u202e" not in shown
    logged(1, [{"\ud800": 1.0}]).to_csv(tmp_path / "surrogate.csv")


@pytest.mark.parametrize(
    ("path", "says"), [("run.txt", "the suffix is .csv"), ("missing/run.csv", "does not exist"), (3, "give a path")]
)
def test_a_csv_that_cannot_be_written_is_said(tmp_path, monkeypatch, path, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=says):
        tabled().to_csv(path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_csv(tmp_path, monkeypatch):
    path = tabled().to_csv(tmp_path / "run.csv")
    before = path.read_bytes()

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_files.os, "replace", full)
    with pytest.raises(DataError, match="No space left"):
        logged(2).to_csv(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.csv"]


def test_a_notebook_shows_it_as_a_small_table():
    shown = logged(10_000, [{"nats": 2.0}])._repr_html_()
    assert "<td" in shown
    assert len(shown) < 2000
    assert "nats" in shown
    assert "History(10000 updates" in shown
    assert "<table>" in logged(0)._repr_html_()
