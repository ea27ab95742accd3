"""Bars, tables and the live line: aligned, within the width, readable without colour and in ASCII."""

import io

import pytest

from tinygrad_rnn.terminal import Progress, Terminal


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


def test_progress_rewrites_its_line_on_a_terminal(monkeypatch):
    stream = Stream("utf-8", tty=True)
    progress = Progress(10, stream)
    progress.pause = 0.0
    progress.update(1, "a long text that will be shorter")
    progress.update(2, "short")
    progress.close()
    first, second, _, last = stream.text().split("\r")[1:]
    assert len(first) == len(second)
    assert last == ""
    assert "\n" not in stream.text()
