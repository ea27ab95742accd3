"""Bars, tables and the live line: aligned, within the width, readable without colour and in ASCII."""

import contextlib
import io
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from tinygrad_rnn.errors import DataError
from tinygrad_rnn.shared.glyphs import display_width
from tinygrad_rnn.shared.invocation import Parser, note
from tinygrad_rnn.shared.terminal import Progress, Terminal

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")


class Stream(io.TextIOWrapper):
    def __init__(self, encoding, tty=False):
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)
        self.tty = tty

    def isatty(self):
        return self.tty

    def text(self):
        return self.buffer.getvalue().decode(self.encoding)


def test_paragraphs_keep_to_the_width():
    stream = Stream("utf-8")
    Terminal(stream, width=60).say("word " * 50 + "\n   and a-very-long-hyphenated-thing")
    assert max(map(len, stream.text().splitlines())) <= 60


def test_bars_fit_and_are_as_long_as_they_say():
    stream = Stream("utf-8")
    Terminal(stream, width=60).bars(
        [("one", 1.0, "1.0e+00"), ("a half", 0.5, "0.5"), ("none", -1.0, "0"), ("too much", 7.0, "7")]
    )
    lines = stream.text().splitlines()
    assert max(map(len, lines)) <= 60
    full = lines[0].count("█")
    assert [line.count("█") for line in lines] == [full, round(full / 2), 0, full]
    assert len({line.index(text) for line, text in zip(lines, ("1.0e+00", "0.5", "0", "7"), strict=True)}) == 1


@pytest.mark.parametrize(("encoding", "block"), [("utf-8", "█"), ("ascii", "#"), ("cp1252", "#")])
def test_streams_without_the_characters_get_others(encoding, block):
    stream = Stream(encoding)
    out = Terminal(stream, width=60)
    out.heading("naïve ∂")
    out.bars([("a", 1.0, "1")])
    assert block in stream.text()


@pytest.mark.parametrize(
    ("tty", "environment", "choice", "colored"),
    [
        (True, {}, None, True),
        (False, {}, None, False),
        (True, {"NO_COLOR": "1"}, None, False),
        (True, {"TERM": "dumb"}, None, False),
        (True, {}, False, False),
        (False, {}, True, True),
    ],
)
def test_colour_only_where_it_may_be(tty, environment, choice, colored, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    stream = Stream("utf-8", tty)
    Terminal(stream, color=choice).heading("title")
    assert ("\033[" in stream.text()) == colored


def test_closed_streams_take_anything(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", None)
    Terminal().say("nobody hears this")
    progress = Progress(10, every=0.0)
    progress.update(5, "nor this")
    progress.close()


def test_progress_is_a_line_now_and_then_when_nobody_watches():
    stream = Stream("utf-8")
    progress = Progress(10, stream, every=0.0)
    progress.update(5, "loss 1.0")
    progress.close()
    assert stream.text().startswith("   50%  loss 1.0")
    assert "\r" not in stream.text()


PROGRAM = """
import sys
if "without" in sys.argv:
    sys.modules["tqdm"] = None
from tinygrad_rnn.shared.terminal import Progress
progress = Progress(int(sys.argv[1]), every=0.0)
progress.pause = 0.0
for done in (1, 3):
    progress.update(done, f"epoch 1  update {done}  loss 0.1234  a long name 0.9999" if done == 1 else "loss 0.1")
progress.close()
print("over")
"""


def on_a_terminal(*words, width=60, **environment):
    """What a terminal of that width is sent by a process that makes progress."""
    import fcntl
    import pty
    import struct
    import termios

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    env = {**{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}, "PYTHONWARNINGS": "error", **environment}
    command = [sys.executable, "-c", PROGRAM, *words]
    with subprocess.Popen(command, stdin=follower, stdout=subprocess.PIPE, stderr=follower, env=env, cwd=ROOT) as running:
        os.close(follower)
        sent = b""
        with contextlib.suppress(OSError):  # Linux: the last one on the other side has left
            while part := os.read(leader, 65536):
                sent += part
        os.close(leader)
        assert running.communicate(timeout=60)[0] == b"over\n"
    assert running.returncode == 0, sent
    return sent.decode("utf-8")


@posix
@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_progress_on_a_terminal_is_one_line_that_is_wiped(environment):
    pytest.importorskip("tqdm")
    sent = on_a_terminal("4", **environment)
    states = sent.split("\r")
    assert "\n" not in sent
    assert "\033" not in sent
    assert max(map(display_width, states)) <= 60
    assert any(state.startswith("   25%  epoch 1  update 1  loss 0.1234") for state in states)
    assert any(re.match(r"   75%  loss 0\.1 +\d+ s left  ", state) for state in states)
    assert states[-2].strip() == states[-1] == ""


@posix
def test_progress_without_an_end_has_no_share():
    pytest.importorskip("tqdm")
    sent = on_a_terminal("0")
    assert any(state.startswith("  epoch 1  update 1") for state in sent.split("\r"))
    assert not set("%█") & set(sent)
    assert max(map(display_width, sent.split("\r"))) <= 60


@posix
def test_progress_on_a_terminal_without_tqdm_is_plain_lines():
    first, second, end = on_a_terminal("4", "without").split("\r\n")  # a terminal makes \r\n of \n
    assert first.startswith("   25%  epoch 1  update 1  loss 0.1234  a long name 0.9999")
    assert re.fullmatch(r"   75%  loss 0\.1 +\d+ s left", second)
    assert end == ""


@posix
def test_progress_into_a_closed_standard_error():
    line = ["sh", "-c", f"exec '{sys.executable}' -c '{PROGRAM}' 4 2>&-"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")


@pytest.mark.parametrize("widgets", [True, False])
def test_a_notebook_has_a_bar_where_it_can_show_one(monkeypatch, widgets):
    pytest.importorskip("tqdm")
    import tqdm.auto

    from tinygrad_rnn.shared import terminal

    did = []

    class Bar:
        def __init__(self, total, **options):
            self.total = total

        def reset(self, total):
            self.total = total
            did.append(("reset", total))

        def set_description_str(self, text):
            did.append((self.n, self.total, text.split()[0]))

        def close(self):
            did.append(("close", self.total))

    shell = types.SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(terminal, "find_spec", lambda name: True if name != "ipywidgets" or widgets else None)
    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    monkeypatch.setattr(sys, "stderr", Stream("utf-8"))
    progress = Progress(0, every=0.0)
    progress.pause = 0.0
    progress.update(1, "one")
    progress.total = 4
    progress.update(2, "two")
    progress.close()
    plain = [line.split()[0] for line in sys.stderr.text().splitlines()]
    # total is forgotten at the end, or a bar that is not full would stay
    assert did == ([(1, None, "one"), ("reset", 4), (2, 4, "50%"), ("close", None)] if widgets else [])
    assert plain == ([] if widgets else ["one", "50%"])
    assert not Progress(0, Stream("utf-8")).live  # a stream that was given is written to


def test_a_shell_that_is_no_notebook_has_no_bar(monkeypatch):
    for found in (types.SimpleNamespace(config={}), None):
        monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda found=found: found))
        monkeypatch.setattr(sys, "stderr", Stream("utf-8"))
        assert not Progress(1).live


def lines(stream):
    return stream.text().splitlines()


SIZES = [1.0, 1e-3, 1e-6, 0.0, float("nan"), float("inf")]


@pytest.mark.parametrize(("encoding", "signs"), [("utf-8", "█▅▁·?!"), ("ascii", "@*:.?!"), ("cp1252", "@*:.?!")])
def test_a_line_of_heights_keeps_zero_nan_and_infinity_apart(encoding, signs):
    stream = Stream(encoding)
    Terminal(stream, width=60).sparks([("norm", SIZES), ("one", [1e-3])], log=True)
    assert lines(stream) == [f"  norm  {signs}  1 to inf", f"  one   {signs[1]}       0.001 to 0.001"]


def test_lines_of_heights_share_one_scale_and_keep_the_largest_of_what_shares_a_sign():
    stream = Stream("utf-8")
    spike = np.full(1000, 1e-6)
    spike[500] = 1.0
    Terminal(stream, width=60).sparks([("a", spike), ("b", spike * 0 + 1)], log=True)
    first, second = lines(stream)
    assert first.count("█") == 1
    assert first.count("▁") == second.count("█") - 1
    assert max(map(len, (first, second))) <= 60


def test_negative_numbers_have_heights_but_no_logarithm():
    stream = Stream("utf-8")
    out = Terminal(stream, width=60)
    out.sparks([("x", [-2.0, 0.0, 2.0])])
    out.sparks([("x", [-2.0, 0.0, 2.0])], log=True)
    assert [line.split()[1] for line in lines(stream)] == ["▁·█", "?·█"]


def test_words_stand_above_their_shades_in_columns_whatever_the_script():
    stream = Stream("utf-8")
    words = ["the", "時間", "e\u0301te\u0301", "", "x", "y", "z"]
    Terminal(stream, width=60).words(words, [1e-6, 1.0, 1e-3, 0.0, *SIZES[3:]], log=True)
    text, shades, *key = lines(stream)
    assert text == "  the 時間 e\u0301te\u0301 _ x y z"
    assert shades == "  ░░░ ████ ▓▓▓ · · ? !"
    assert display_width(text) == display_width(shades)
    assert [part.split()[0] for line in key for part in line.split("   ")] == [*"░▒▓█·?!"]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_shaded_words_wrap_within_the_width_and_none_is_lost(encoding):
    stream = Stream(encoding)
    words = [f"word{k}" for k in range(40)] + ["w" * 200]
    Terminal(stream, width=60).words(words, np.linspace(1, 2, 41))
    shown = lines(stream)
    assert max(map(len, shown)) <= 60
    assert " ".join(line.strip() for line in shown if "word" in line).split() == words[:40]
    assert any("w" * 50 + "w" * 7 + "~" in line for line in shown)
    for above, below in zip(shown[0:-3:2], shown[1:-2:2], strict=True):
        assert [len(word) for word in above.split()] == [len(shade) for shade in below.split()]


def test_a_shade_for_each_word_or_an_error():
    with pytest.raises(ValueError, match="zip"):
        Terminal(Stream("utf-8")).words(["a", "b"], [1.0])


@pytest.mark.parametrize(("encoding", "full", "zero"), [("utf-8", "██", "··"), ("ascii", "@@", "..")])
def test_a_matrix_has_its_zeros_above_the_diagonal(encoding, full, zero):
    stream = Stream(encoding)
    Terminal(stream, width=60).heatmap(np.tril(np.ones((3, 3))), log=True)
    assert lines(stream) == [
        "       s=1 s=3",
        f"  t=1  {full}{zero}{zero}",
        f"  t=2  {full}{full}{zero}",
        f"  t=3  {full}{full}{full}",
        f"  {full[0]} 1   {zero[0]} exactly 0",
    ]


def test_a_large_matrix_is_squeezed_and_loses_no_peak():
    stream = Stream("utf-8")
    matrix = np.full((300, 200), 1e-6)
    matrix[150, 70] = 1.0
    Terminal(stream, width=60).heatmap(matrix, log=True)
    head, *rows, _, _ = lines(stream)
    assert max(map(len, (head, *rows))) <= 60
    assert len(rows) <= 60
    assert sum(row.count("█") for row in rows) == 1
    assert head.endswith("s=200")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("values", [[], [0.0], [float("nan")] * 3, [float("-inf"), 5e-324, 1.7e308], [-1.0, -1.0]])
@pytest.mark.parametrize("log", [False, True])
def test_nothing_breaks_on_what_has_no_scale(encoding, values, log):
    stream = Stream(encoding)
    out = Terminal(stream, width=60)
    out.sparks([("x", values)], log)
    out.words(["w"] * len(values), values, log)
    out.heatmap([values], log)
    out.bars([("x", value, "") for value in values])
    assert max(map(len, lines(stream)), default=0) <= 60
    out.sparks([])
    out.bars([])
    out.table([], [])


def test_a_wide_table_continues_below_with_its_first_column():
    stream = Stream("utf-8")
    head = ["名前", *(f"k={k}" for k in range(9))]
    Terminal(stream, width=60).table([["a", *["12345678"] * 9]], head)
    shown = lines(stream)
    assert max(map(display_width, shown)) <= 60
    assert [line.split()[0] for line in shown if line] == ["名前", "a", "名前", "a"]
    assert " ".join(shown).count("12345678") == 9
    assert {display_width(line) for line in shown[:2]} == {display_width(shown[0])}


def test_text_cannot_steer_the_terminal():
    stream = Stream("utf-8")
    out = Terminal(stream, width=60)
    out.table([["\x1b[2J\n"]], ["a"])
    out.bars([("\x1b]0;x\x07", 1.0, "\r")])
    out.words(["\x1b[31m"], [1.0])
    assert not set(stream.text()) & set("\x1b\x07\r")


def test_shades_are_painted_only_where_there_is_colour():
    stream = Stream("utf-8")
    Terminal(stream, width=60, color=True).words(["a"], [1.0])
    assert "\033[34m█\033[0m" in stream.text()


HOSTILE = "a\x1b[2J\u202eb\x07"
ESCAPED = "a\\x1b[2J\\u202eb\\x07"


@pytest.mark.parametrize("color", [False, True])
def test_what_steers_a_terminal_is_written_out_as_in_errors(color):
    stream = io.StringIO()
    out = Terminal(stream, color=color, width=90)
    out.write(HOSTILE)
    out.say(HOSTILE)
    out.heading(HOSTILE)
    out.table([[HOSTILE, "1"]], head=["word", HOSTILE])
    out.bars([(HOSTILE, 0.5, HOSTILE)])
    out.sparks([(HOSTILE, [1.0, 2.0])])
    out.words([HOSTILE], [1.0])
    text = re.sub("\033\\[(0|1|2|34)m", "", stream.getvalue()) if color else stream.getvalue()
    assert text.replace("\n", "").isprintable()
    assert text.count(ESCAPED) == 9
    assert ESCAPED in DataError(HOSTILE, hint="").message


def test_a_note_and_a_wrong_argument_steer_no_terminal(capsys):
    note(HOSTILE)
    with pytest.raises(SystemExit):
        Parser(prog="it").parse_args([HOSTILE])
    text = capsys.readouterr().err
    assert text.count(ESCAPED) == 2
    assert text.replace("\n", "").isprintable()


def test_letters_that_are_joined_stay_joined():
    stream = io.StringIO()
    Terminal(stream, color=False).write("می\u200cخواهم क्\u200dष")
    assert stream.getvalue() == "می\u200cخواهم क्\u200dष\n"
