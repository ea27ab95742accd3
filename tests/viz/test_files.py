"""Pictures on disk: as a whole or not at all, under any name; and Graphviz as a program that may hang, fail or be missing."""

import os
import shutil
import stat
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import DataError
from tinygrad_rnn.viz import draw
from tinygrad_rnn.viz.formats import graphviz_program as files

posix = pytest.mark.skipif(os.name != "posix", reason="programs of the shell and permissions")


def picture():
    w = tg.Tensor(0.5, requires_grad=True, name="w")
    return draw(tg.tanh(w * 2.0))


# ---- paths ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["x.svg", "X.SVG", "x.Dot", "two words.svg", "图 ü हि.svg", "a.b.svg", "-o.svg", "..svg.svg", "x\ny.svg"]
)
def test_names_that_work(tmp_path, name):
    assert picture().save(tmp_path / name) == tmp_path / name
    assert picture().save(str(tmp_path / name)) == tmp_path / name
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("", "empty name"),
        (".", "it is a folder"),
        ("..", "it is a folder"),
        ("folder.svg", "it is a folder"),
        ("folder.svg/", "it is a folder"),
        (".svg", "put a name before the suffix: picture.svg"),
        ("x", "the suffix is .svg"),
        ("x.", "the suffix is .svg"),
        ("x.jpeg", "the suffix is .svg"),
        ("svg", "the suffix is .svg"),
        ("missing/x.svg", "the folder missing does not exist"),
        ("file/x.svg", "file is not a folder"),
        ("file/deeper/x.svg", "does not exist"),
        ("x\0y.svg", "null"),
        ("x" * 300 + ".svg", "too long"),
        ("missing/x.png", "the folder missing does not exist"),
        (3, "give a path"),
        (None, "give a path"),
        (b"x.svg", "give a path"),
    ],
)
def test_names_that_do_not_work(tmp_path, monkeypatch, path, says):
    monkeypatch.chdir(tmp_path)
    Path("folder.svg").mkdir()
    Path("file").write_text("kept")
    with pytest.raises(DataError, match="cannot") as caught:
        picture().save(path)
    assert caught.value.hint
    assert says in f"{caught.value.message}\n{caught.value.hint}"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.svg"]
    assert Path("file").read_text() == "kept"


@posix
def test_the_umask_decides_who_may_read(tmp_path):
    before = os.umask(0o027)
    try:
        path = picture().save(tmp_path / "x.svg")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    finally:
        os.umask(before)


@posix
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    link, real = tmp_path / "x.svg", tmp_path / "real" / "y.svg"
    link.symlink_to(real)
    picture().save(link)
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == picture().svg()
    assert [p.name for p in real.parent.iterdir()] == ["y.svg"]


@posix
def test_what_is_not_a_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "x.svg")
    with pytest.raises(DataError, match="not a file that you may change"):
        picture().save(tmp_path / "x.svg")
    assert stat.S_ISFIFO((tmp_path / "x.svg").stat().st_mode)


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write anywhere")
def test_what_is_not_mine_is_refused(tmp_path):
    kept = tmp_path / "x.svg"
    kept.write_text("kept")
    kept.chmod(0o444)
    with pytest.raises(DataError, match="not a file that you may change"):
        picture().save(kept)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(DataError, match="you may not write to that folder"):
        picture().save(closed / "x.svg")
    assert kept.read_text() == "kept"


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), OSError(28, "No space left on device"), MemoryError()])
def test_nothing_is_half_written(tmp_path, monkeypatch, fault):
    kept = tmp_path / "x.svg"
    kept.write_text("kept")

    def replace(*names):
        raise fault

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(DataError if isinstance(fault, OSError) else type(fault)):
        picture().save(kept)
    assert [p.name for p in tmp_path.iterdir()] == ["x.svg"]
    assert kept.read_text() == "kept"


# ---- Graphviz as a program ------------------------------------------------------------------------------------------------------


@pytest.fixture
def dot(tmp_path, monkeypatch):
    """Puts a program of this text in the place of `dot`; everything is written into the folder that it returns."""

    def install(text):
        programs, out = tmp_path / "programs", tmp_path / "out"
        programs.mkdir()
        out.mkdir()
        (programs / "dot").write_text(text)
        (programs / "dot").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.defpath}")
        return out

    return install


def refused(out, name="x.png"):
    with pytest.raises(DataError) as caught:
        picture().save(out / name)
    assert caught.value.hint
    assert [p.name for p in out.iterdir()] == ["x.svg"]
    ElementTree.parse(out / "x.svg")
    assert f"{out / 'x.svg'} was written in place of {name}" in caught.value.message
    return caught.value


@posix
def test_a_program_that_hangs_is_ended_with_all_it_started(dot, monkeypatch):
    monkeypatch.setattr(files, "SECONDS", 0.3)
    out = dot('#!/bin/sh\nsleep 600 &\necho $! > "$0.child"\necho $$ > "$0.own"\nwait\n')
    assert "was not done after 0.3 s" in refused(out).message
    for name in ("dot.child", "dot.own"):
        number = int((out.parent / "programs" / name).read_text())
        assert gone(number), name


def gone(number):
    """Whether a process has ended; one that nobody has asked for its end yet counts too."""
    for _ in range(100):
        try:
            os.kill(number, 0)
            if sys.platform == "linux" and Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


@posix
def test_a_program_that_is_broken_off_is_ended(dot, monkeypatch):
    out = dot('#!/bin/sh\necho $$ > "$0.own"\nsleep 600\n')
    own = out.parent / "programs" / "dot.own"
    real = files.subprocess.Popen.communicate

    def interrupted(process, *arguments, **settings):
        while not own.exists() or not own.read_text().strip():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(files.subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        picture().save(out / "x.png")
    monkeypatch.setattr(files.subprocess.Popen, "communicate", real)
    assert gone(int(own.read_text()))
    assert list(out.iterdir()) == []


@posix
@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("#!/bin/sh\ncat > /dev/null\necho 'Format: \"png\" not recognized' >&2\nexit 1\n", 'Format: "png" not recognized'),
        ("#!/bin/sh\nexit 0\n", "ended with 0"),
        ("#!/bin/sh\nkill -9 $$\n", "ended with -9"),
        ("#!/bin/sh\nprintf 'a\\377\\033[31mb' >&2\nexit 3\n", "b)"),
        ("#!/bin/sh\necho half; exit 1\n", "ended with 1"),
        ("#!/no/such/program\n", "does not start"),
        ("not a program", "does not start"),
    ],
)
def test_a_program_that_fails_is_quoted(dot, program, says):
    message = refused(dot(program)).message
    assert says in message
    assert "\x1b" not in message


@posix
def test_a_program_is_given_the_graph_and_what_it_says_is_written(dot):
    out = dot('#!/bin/sh\necho "$@"\ncat\n')
    picture().save(out / "x.pdf")
    kind, _, source = (out / "x.pdf").read_text(encoding="utf-8").partition("\n")
    assert kind == "-Tpdf"
    assert source == picture().to_graphviz().source


def test_an_svg_that_nobody_named_is_not_written_over(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "x.svg").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match=r"Graphviz is not installed; .*x\.svg is there already, so nothing was written"):
        picture().save(tmp_path / "x.pdf")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["mine"]


def test_a_name_for_the_svg_that_is_taken_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "x.svg").mkdir()
    with pytest.raises(DataError, match=r"Graphviz is not installed, and cannot write .*x\.svg: it is a folder") as caught:
        picture().save(tmp_path / "x.png")
    assert "apt install graphviz" in caught.value.hint


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_a_path_to_graphviz_with_spaces(tmp_path, monkeypatch):
    folder = tmp_path / "zwei Wörter"
    folder.mkdir()
    (folder / "dot").symlink_to(shutil.which("dot"))
    monkeypatch.setenv("PATH", str(folder))
    assert picture().save(tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
