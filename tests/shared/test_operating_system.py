"""What differs between operating systems is in one module, and what it does where something is missing is tried here."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.shared import operating_system
from tinygrad_rnn.shared.operating_system import (
    at_a_terminal,
    can_write,
    command_line,
    end_group,
    has_colors,
    own_group,
    time_limit,
)

ROOT = Path(tg.__file__).resolve().parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="groups of processes, timer signals")
SPECIFIC = re.compile(
    r"\b(?:fcntl|msvcrt|winreg|colorama|sys\.platform|platform\.system|os\.name|killpg|setitimer|SIGALRM|shlex|list2cmdline"
    r"|start_new_session|isatty)\b"
)


def test_nothing_else_asks_which_system_this_is():
    files = [*(ROOT / "tinygrad_rnn").rglob("*.py"), *(ROOT / "lessons").rglob("*.py")]
    asking = {path.name for path in files if SPECIFIC.search(path.read_text(encoding="utf-8"))}
    assert asking == {"operating_system.py"}
    listening = {path.name for path in files if re.search(r"\bsignal\.signal\(", path.read_text(encoding="utf-8"))}
    assert listening == {"operating_system.py", "early_interrupt.py"}  # the latter before anything else is imported


def test_words_in_the_quotes_of_either_shell():
    words = ["python", "my lessons/00_tour.py", "--data", "é.txt"]
    assert command_line(words, windows=False) == "python 'my lessons/00_tour.py' --data 'é.txt'"
    assert command_line(words, windows=True) == 'python "my lessons/00_tour.py" --data é.txt'


# ---- terminals


class Screen(io.StringIO):
    def isatty(self):
        return True


def closed():
    stream = Screen()
    stream.close()
    return stream


def test_nobody_sits_at_what_is_closed_missing_or_a_file():
    assert at_a_terminal(Screen(), Screen())
    for other in (None, closed(), io.StringIO()):
        assert not at_a_terminal(Screen(), other)


def test_colours_where_they_are_known(monkeypatch):
    for name in (*operating_system.IN_COLOR, "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert has_colors(Screen(), windows=False)
    assert not has_colors(io.StringIO(), windows=False)
    assert not has_colors(Screen(), windows=True)  # the console of old
    monkeypatch.setenv("WT_SESSION", "1")
    assert has_colors(Screen(), windows=True)
    monkeypatch.setenv("TERM", "dumb")
    assert not has_colors(Screen(), windows=True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "")
    assert not has_colors(Screen(), windows=False)


@pytest.mark.parametrize(("encoding", "writes"), [("utf-8", True), ("ascii", False), ("cp1252", False), ("no such", False)])
def test_letters_that_an_encoding_has(encoding, writes):
    stream = io.StringIO()
    assert can_write(stream, "█∂")
    named = type("Named", (io.StringIO,), {"encoding": encoding})()
    assert can_write(named, "█∂") == writes


# ---- time


class Late(BaseException):
    pass


def late(number, frame):
    raise Late


def spin(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return "done"


@pytest.fixture(params=["timer", "clock"])
def way(request, monkeypatch):
    """With the timer signal, and as where there is none."""
    if request.param == "timer" and not hasattr(signal, "setitimer"):
        pytest.skip("no timer signal here")
    if request.param == "clock":
        monkeypatch.delattr(signal, "setitimer", raising=False)


def test_what_takes_too_long_is_stopped(way):
    tracing = sys.gettrace()
    with pytest.raises(Late), time_limit(0.05, late):
        spin(30)
    assert sys.gettrace() is tracing
    with time_limit(30, late):
        assert spin(0) == "done"


def test_the_outer_limit_holds_behind_an_inner_one(way):
    with pytest.raises(Late), time_limit(0.1, late):
        with time_limit(30, late):
            spin(0.01)
        spin(30)


# ---- processes

PARENT = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE); "
    "print('started', flush=True); child.wait()"
)


def started(settings):
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, **settings)
    assert process.stdout.readline().strip() == b"started"
    return process


@posix
def test_a_process_ends_with_all_that_it_started():
    with started(own_group()) as process:
        end_group(process)
        assert process.stdout.read() == b""  # its child, which holds the other end as well, is gone
    assert process.returncode == -signal.SIGKILL
    end_group(process)  # once more, of nothing: no error


def test_where_there_are_no_groups_the_process_ends():
    assert own_group(windows=True) == {}
    with started({}) as process:
        end_group(process, windows=True)
        assert process.wait(20) != 0
