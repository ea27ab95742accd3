"""The tour as a newcomer runs it: from anywhere, in any terminal, with text of one's own, with mistakes, broken off."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tinygrad_rnn.shared import near, typed

TOUR = Path(__file__).resolve().parents[2] / "lessons" / "00_tour.py"


def run(*arguments, cwd=None, columns=80, timeout=120, program=TOUR, **environment):
    """Run the tour as a process of its own, with little in the environment and nothing on standard input."""
    keep = {key: os.environ[key] for key in ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMPDIR") if key in os.environ}
    env = {**keep, "COLUMNS": str(columns), "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error", **environment}
    return subprocess.run(
        [sys.executable, str(program), *arguments], cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        timeout=timeout,
    )  # fmt: skip


@pytest.fixture(scope="module")
def fast():
    return run("--fast")


def test_runs_to_the_end(fast):
    assert fast.returncode == 0, fast.stderr
    assert "Traceback" not in fast.stderr
    assert re.findall(r"^\((.)\)", fast.stdout, re.MULTILINE) == ["a", "b", "c", "d"]
    assert fast.stdout.rstrip().splitlines()[-1]
    assert "Next" in fast.stdout


def test_writes_its_pictures(fast):
    names = re.findall(r"picture: (\S+)", fast.stdout)
    assert [Path(name).name for name in names] == ["00_sentence.svg", "00_decay_lstm.svg", "00_decay_rnn.svg"]
    for name in names:
        text = (TOUR.parent / "out" / Path(name).name).read_text(encoding="utf-8")
        assert text.startswith("<svg")
        assert text.rstrip().endswith("</svg>")


def test_the_decay_is_that_of_the_reference(fast):
    """Reference values for 40 steps back: RNN 7e-16, GRU 1.4e-9, LSTM 6.5e-10 (bias 0) and 5e-5 (bias 1); a factor per step."""
    rows = dict(re.findall(r"^  (RNN|GRU|LSTM, forget bias \d)  .* (\S+)$", fast.stdout.split("After 40 steps")[0], re.MULTILINE))
    expected = {"RNN": 7e-16, "GRU": 1.4e-9, "LSTM, forget bias 0": 6.5e-10, "LSTM, forget bias 1": 5e-5}
    for label, value in expected.items():
        factor = (float(rows[label]) / value) ** (1 / 40)
        assert 0.9 < factor < 1.1, label
    assert float(rows["LSTM, forget bias 3"]) > 0.1


def test_the_same_seed_gives_the_same_output(fast):
    assert run("--fast").stdout == fast.stdout
    assert run("--fast", "--seed", "1").stdout != fast.stdout


def test_in_60_columns_without_colour_in_ascii():
    narrow = run("--fast", columns=60, NO_COLOR="1", PYTHONIOENCODING="ascii")
    assert narrow.returncode == 0, narrow.stderr
    assert max(map(len, narrow.stdout.splitlines())) <= 60
    assert narrow.stdout.isascii()
    assert "\033" not in narrow.stdout


def test_own_text_and_own_sentence_from_a_folder_with_spaces(tmp_path):
    folder = tmp_path / "мои тексты"
    folder.mkdir()
    (folder / "meine Datei.txt").write_text("Der Fluß trägt das Schiff nach Süden. " * 200, encoding="utf-8")
    own = run("--fast", "--data", "meine Datei.txt", cwd=folder)
    assert own.returncode == 0, own.stderr
    assert '"Der Fluß trägt das Schiff"' in own.stdout


@pytest.mark.parametrize(
    "sentence", ["hello", "a a a", '<b>not & " \x1b[31m', "שלום 😀 नमस्ते", "one two three four five six seven eight nine"]
)
def test_any_sentence_is_drawn(sentence):
    own = run("--fast", "--sentence", sentence)
    assert own.returncode == 0, own.stderr
    assert "\x1b" not in own.stdout
    assert sentence.split()[0] in own.stdout


@pytest.mark.parametrize("text", ["ab" * 750, "😀🚀" * 750, "".join(map(chr, range(200, 2000)))])
def test_odd_texts_are_read(text, tmp_path):
    path = tmp_path / "odd.txt"
    path.write_text(text, encoding="utf-8")
    own = run("--fast", "--data", str(path))
    assert own.returncode == 0, own.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "nowhere.txt"], "nowhere.txt"),
        (["--data", "."], "folder"),
        (["--data", "empty.txt"], "empty"),
        (["--data", "short.txt"], "too short"),
        (["--data", "same.txt"], "one character only"),
        (["--seed", "-1"], "--seed"),
        (["--seed", "x"], "--seed"),
        (["--speed", "1"], "--speed"),
        (["--see", "1"], "--see"),
        (["--sentence", ""], "--sentence holds no word"),
        (["--sentence", " \n"], "--sentence holds no word"),
    ],
)
def test_mistakes_give_one_clear_line_and_exit_2(arguments, says, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "short.txt").write_text("abc")
    (tmp_path / "same.txt").write_text("a" * 1500)
    wrong = run("--fast", *arguments, cwd=tmp_path)
    assert wrong.returncode == 2
    assert says in wrong.stderr
    assert re.fullmatch(r"error: [^\n]+\n(    at [^\n]+\n)?\nhint: [^\n]+\n", wrong.stderr), wrong.stderr
    assert wrong.stdout == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for other processes")
def test_control_c_leaves_with_what_is_done():
    command, seen = [sys.executable, str(TOUR)], ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8") as process:
        for line in process.stdout:
            seen += line
            if line.startswith("(c)"):
                break
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=20)[0]
    assert process.returncode == 130
    said = " ".join((seen + rest).split())
    assert "Stopped. Done so far: the picture of your sentence, the decay of the gradient. Start again with " in said
    assert said.endswith(typed(near(TOUR)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for other processes")
def test_control_c_while_numpy_loads_is_no_traceback(tmp_path):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("import time; print('importing', flush=True); time.sleep(60)")
    paths = os.pathsep.join([str(tmp_path), str(TOUR.parent.parent)])  # a NumPy that never ends to load comes first
    command, env = [sys.executable, str(tmp_path / "00_tour.py")], {**os.environ, "PYTHONPATH": paths}
    shutil.copy(TOUR, tmp_path / "00_tour.py")
    shutil.copytree(TOUR.parent / "course", tmp_path / "course")
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"importing\n"
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]
    assert (process.returncode in (130, -signal.SIGINT), said) == (True, b"")


def test_commands_are_those_that_start_it(fast):
    shown = " ".join(fast.stdout.split())
    assert f'{typed(near(TOUR))} --sentence "your five words here" --seed 1' in shown
    assert run("--help").stdout.startswith(f"usage: {typed(near(TOUR))} ")


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that closes is a POSIX habit")
def test_a_reader_that_goes_away():
    command = [sys.executable, str(TOUR), "--fast"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read().count("Traceback") == 0
        assert process.wait(timeout=60) == 0


def test_a_folder_that_cannot_be_written_to_costs_the_pictures_only(tmp_path):
    lessons = tmp_path / "lessons"
    lessons.mkdir()
    shutil.copy(TOUR, lessons / "00_tour.py")
    shutil.copytree(TOUR.parent / "course", lessons / "course")
    (lessons / "out").write_text("a file where the folder should be", encoding="utf-8")
    stopped = run("--fast", program=lessons / "00_tour.py", PYTHONPATH=str(TOUR.parent.parent))
    assert stopped.returncode == 0, stopped.stderr
    assert stopped.stdout.count("could not be written") == 3


def test_how_long_it_runs_is_told_alike_everywhere():
    readme = (TOUR.parent.parent / "README.md").read_text(encoding="utf-8").splitlines()
    told = [line for line in readme if "Nothing to fill in" in line or "(lessons/00_tour.py) |" in line]
    told += [line for line in TOUR.read_text(encoding="utf-8").splitlines() if "minute" in line]
    assert len(told) == 4
    assert all("about a minute" in line for line in told), told
