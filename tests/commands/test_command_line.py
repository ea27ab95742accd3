"""`python -m tinygrad_rnn`: a picture in one line, a mistake in one sentence, and good manners towards pipes, keys and files."""

import inspect
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.commands import command_line, main
from tinygrad_rnn.commands import draw as draw_command
from tinygrad_rnn.commands import page as page_command
from tinygrad_rnn.shared.invocation import typed

ROOT = Path(tg.__file__).resolve().parent.parent
posix = pytest.mark.skipif(os.name != "posix", reason="signals and devices")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run(capsys):
    """Run a command in this process: exit code, standard output, standard error."""

    def call(*words):
        code = main([str(word) for word in words])
        return (code, *capsys.readouterr())

    return call


def files():
    return sorted(path.name for path in Path().iterdir())


def refused(result, *says):
    """A mistake: code 2, nothing on standard output, an error and a hint in a line each."""
    code, out, said = result
    assert code == 2
    assert out == ""
    assert re.fullmatch(r"error: [^\n]+\n\nhint: [^\n]+\n", said), said
    assert all(part in said for part in says), said
    assert not re.search(r"\b[a-z_]+=|\w\(|\btg\.", said), f"Python to who wrote options: {said}"


# ---- what it does --------------------------------------------------------------------------------------------------------------


def test_the_line_of_the_readme(run):
    line = (
        "draw --cell lstm --steps 8 --layers 2 --bidirectional --detail gate --theme dark --forget-bias 1 --spectral-radius 0.9 "
        "--seed 0 -o lstm.svg"
    )
    assert run(*line.split()) == (0, "", "wrote lstm.svg\n")
    ElementTree.parse("lstm.svg")
    assert files() == ["lstm.svg"]


def test_without_a_name_a_file_is_written_and_none_is_lost(run):
    Path("gru-2.svg").write_text("mine")
    for name in ("gru.svg", "gru-3.svg", "gru-4.svg"):
        assert run("draw", "--cell", "gru", "--steps", 1) == (0, "", f"wrote {name}\n")
    assert Path("gru-2.svg").read_text() == "mine"
    assert run("draw", "--cell", "gru", "--steps", 1, "-o", "gru-2.svg")[0] == 0
    assert Path("gru-2.svg").read_text(encoding="utf-8") == Path("gru.svg").read_text(encoding="utf-8")


def test_words_instead_of_a_picture_or_besides(run):
    code, words, said = run("draw", "--steps", 3, "--describe")
    assert (code, said, files()) == (0, "", [])
    assert words.startswith("LSTM, 3 steps, 53 ops, 3 weights.\n")
    assert run("draw", "--steps", 3, "--describe", "-o", "x.svg") == (0, words, "wrote x.svg\n")
    ElementTree.parse("x.svg")


def test_the_picture_on_standard_output(run):
    run("draw", "--steps", 2, "-o", "x.svg")
    assert run("draw", "--steps", 2, "-o", "-") == (0, Path("x.svg").read_text(encoding="utf-8"), "")
    assert files() == ["x.svg"]


@pytest.mark.parametrize("name", ["two words.svg", "图 हि ü.svg", "x.SVG", "folder/x.svg", "x.dot"])
def test_names_of_files(run, name):
    Path("folder").mkdir()
    assert run("draw", "--steps", 1, "-o", name) == (0, "", f"wrote {Path(name)}\n")
    assert Path(name).stat().st_size > 1000


def test_the_same_seed_gives_the_same_bytes(run):
    pictures = [run("draw", "--steps", 2, "--seed", seed, "-o", "-")[1] for seed in (1, 1, 2)]
    assert pictures[0] == pictures[1] != pictures[2]


EVERY = [
    "--detail op", "--detail gate", "--detail cell", "--color grad", "--color value", "--color none", "--elide auto",
    "--elide yes --steps 9", "--elide no --steps 14", "--elide 3 --steps 9", "--theme light", "--theme dark", "--weights chips",
    "--weights edges", "--weights hidden", "--scale -6 1", "--title <&>", "--title=", "--animated", "--rolled", "--open 2",
    "--input-size 7", "--hidden-size 1", "--hidden-size 1 --spectral-radius 0", "--loss last", "--loss every", "--cell gru --reset-before",
    "--cell rnn --nonlinearity relu", "--cell rnn --nonlinearity tanh", "--spectral-radius 1e200", "--spectral-radius 0",
    "--cell seq2seq", "--cell seq2seq --attention", "--cell seq2seq --attention --layers 2", "--cell seq2seq --loss last --steps 1",
    "--cell seq2seq --attention --steps 30", "--cell seq2seq --spectral-radius 0.5 --detail op --steps 2",
    "--forget-bias -3", "--forget-bias=1e308", "--steps 1", "--steps 40", "--layers 3", "--bidirectional", "--seed 123456789012345678901",
]  # fmt: skip


@pytest.mark.parametrize("setting", EVERY)
def test_every_setting_draws(run, setting):
    assert run("draw", *setting.split(), "-o", "x.svg") == (0, "", "wrote x.svg\n")
    ElementTree.parse("x.svg")


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [(), ("--bidirectional",)], ids=["one direction", "both"])
@pytest.mark.parametrize("loss", ["last", "every"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_every_kind_of_network_draws(run, cell, loss, both, layers):
    words = run("draw", "--cell", cell, "--loss", loss, *both, "--layers", layers, "--steps", 3, "--describe", "-o", "x.svg")[1]
    count = layers * (2 if both else 1) * (4 if cell == "gru" else 3)
    assert " 3 steps, " in words.replace("\n", " ")
    assert f" {count} weights." in words.replace("\n", " ")
    ElementTree.parse("x.svg")


# ---- the network ---------------------------------------------------------------------------------------------------------------


def network(*words):
    """The graph that a line draws, and its weights by name."""
    args = command_line._parser().parse_args(["draw", *map(str, words)])
    graph = tg.snapshot(draw_command.loss_of(args))
    return graph, [(r.name, r.value) for r in graph.parameters]


def radii(weights, gates):
    return [tg.nn.init.spectral_radius(W) for name, whole in weights if name == "Wh" for W in np.split(whole, gates, axis=1)]


@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("lstm", 4), ("gru", 3)])
def test_the_radius_is_that_of_every_gate_layer_and_direction(cell, gates):
    line = ("--cell", cell, "--layers", 2, "--bidirectional", "--hidden-size", 5, "--steps", 2)
    found = radii(network(*line, "--spectral-radius", 0.7)[1], gates)
    assert len(found) == 4 * gates
    np.testing.assert_allclose(found, 0.7)
    assert not np.allclose(radii(network(*line)[1], gates), 0.7)
    one, other = network(*line)[1], network(*line, "--spectral-radius", 0.7)[1]
    assert all(np.array_equal(a, b) for (name, a), (_, b) in zip(one, other, strict=True) if name != "Wh")


def test_the_forget_bias_is_that_of_the_forget_gate():
    for given, expected in (((), 1.0), (("--forget-bias", -2.5), -2.5)):
        biases = [b for name, b in network("--layers", 2, "--hidden-size", 3, *given)[1] if name == "b"]
        assert len(biases) == 2
        for b in biases:
            np.testing.assert_array_equal(b, [0] * 3 + [expected] * 3 + [0] * 6)


def test_sizes_steps_and_cells():
    graph, weights = network(
        "--cell", "gru", "--reset-before", "--input-size", 7, "--hidden-size", 2, "--layers", 2, "--steps", 5
    )
    shapes = [(name, value.shape) for name, value in weights]
    assert sorted(shapes) == [("Wh", (2, 6)), ("Wh", (2, 6)), ("Wx", (2, 6)), ("Wx", (7, 6)), ("b", (6,)), ("b", (6,))]
    assert graph.steps == (1, 2, 3, 4, 5)
    relu, tanh = (network("--cell", "rnn", "--nonlinearity", kind, "--steps", 3)[0] for kind in ("relu", "tanh"))
    assert sum(r.op == "relu" for r in relu) == sum(r.op == "tanh" for r in tanh) == 3


def test_the_loss_is_what_help_says():
    for loss in ("last", "every"):
        graph, _ = network("--loss", loss, "--cell", "rnn", "--steps", 4)
        states = [r.value for r in graph if r.name == "h" and r.kind == "op"]
        read = states if loss == "every" else states[-1:]
        np.testing.assert_allclose(graph.root.value, sum((h**2).sum() for h in read))
    graph, _ = network("--bidirectional", "--cell", "rnn", "--steps", 4)
    ends = [r.value for r in graph if r.name == "h" and (r.t, r.frames[1].get("direction")) in ((4, 1), (1, -1))]
    assert len(ends) == 2
    np.testing.assert_allclose(graph.root.value, sum((h**2).sum() for h in ends))


@pytest.mark.parametrize("attention", [(), ("--attention",)], ids=["state alone", "attention"])
def test_one_gru_reads_and_another_one_writes(attention):
    graph, weights = network("--cell", "seq2seq", "--steps", 3, "--layers", 2, *attention)
    assert graph.steps == (1, 2, 3, 4, 5, 6)
    assert sorted(name for name, _ in weights) == sorted(["Wx", "Wh", "b", "bh"] * 4 + ["W", "b"])
    answers = [r for r in graph if r.name == "logits"]
    np.testing.assert_allclose(graph.root.value, sum((r.value**2).sum() for r in answers))
    assert [r.t for r in answers] == [4, 5, 6]
    looks = [r.t for r in graph if r.name == "α" and r.kind == "op"]
    assert looks == ([4, 5, 6] if attention else [])
    last, _ = network("--cell", "seq2seq", "--steps", 3, "--layers", 2, *attention, "--loss", "last")
    np.testing.assert_allclose(last.root.value, (answers[-1].value ** 2).sum())


# ---- mistakes ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--cell transformer", "'lstm'"),
        ("--steps 0", "'0' is not a whole number of at least 1"),
        ("--steps -3", "'-3' is not"),
        ("--steps 2.5", "'2.5' is not"),
        ("--steps x", "'x' is not"),
        (f"--steps {'9' * 5000}", "is not a whole number"),
        ("--steps 1000000", "1000000 steps of 1 cell are too many"),
        ("--steps 2000 --layers 2 --bidirectional", "2000 steps of 4 cells are too many: 8000 boxes"),
        ("--layers 0", "--layers"),
        ("--layers 1000000000", "too many"),
        ("--input-size 0", "--input-size"),
        ("--hidden-size 1000000000", "hidden size 1000000000"),
        ("--input-size 1000000000", "input size 1000000000"),
        ("--hidden-size -1", "--hidden-size"),
        ("--seed -1", "--seed"),
        ("--spectral-radius -1", "at least 0"),
        ("--spectral-radius nan", "'nan' is not"),
        ("--spectral-radius inf", "'inf' is not"),
        ("--forget-bias nan", "'nan' is not"),
        ("--forget-bias 1 --cell rnn", "only --cell lstm has it"),
        ("--forget-bias 0 --cell gru", "only --cell lstm has it"),
        ("--reset-before", "only --cell gru has it"),
        ("--nonlinearity relu", "only --cell rnn has it"),
        ("--nonlinearity relu --cell gru", "only --cell rnn has it"),
        ("--nonlinearity sin --cell rnn", "'tanh'"),
        ("--attention", "--attention with --cell lstm\n\nhint: only --cell seq2seq has it"),
        ("--reset-before --cell seq2seq", "only --cell gru has it"),
        ("--bidirectional --cell seq2seq", "cannot read from the end: leave it out"),
        ("--rolled --cell seq2seq", "--rolled of a cell that does not run in every step"),
        ("--cell seq2seq --steps 5000", "5000 steps of 2 cells are too many"),
        ("--cell seq2seq --attention --steps 2000 --hidden-size 16", "too many: input size 3, hidden size 16, 2000 steps"),
        ("--loss first", "--loss"),
        ("--detail big", "--detail"),
        ("--color red", "--color"),
        ("--theme pink", "--theme"),
        ("--weights none", "--weights"),
        ("--elide 0", "--elide"),
        ("--elide maybe", "auto, yes, no or how many"),
        ("--scale 1 0", "hint: --scale -6 1 colours"),
        ("--scale 1", "--scale"),
        ("--animated -o x.png", "cannot move"),
        ("--animated -o x.html", "'x.html' is a page that plays by itself\n\nhint: leave out --animated"),
        ("--animated --color value", "hint: choose --color grad"),
        ("--animated --rolled", "hint: leave out --rolled"),
        ("-o x.html --rolled", "hint: leave out --rolled"),
        ("--rolled --elide yes", "--rolled and --elide together"),
        ("--rolled --open 1", "--rolled and --open together"),
        ("--open 9", "hint: the steps are 1 to 4"),
        ("--steps 30 --open 15", "--open 15: this step is hidden"),
        ("--rolled --elide 2", "--rolled and --elide together"),
        ("--animated --describe", "words do not move"),
        ("--describe -o -", "standard output"),
        ("--steps 100 --detail op --elide no -o x.png", "hide steps (--elide yes)"),
        ("--steps 400 --detail op --elide no", "hint: --elide yes or --detail cell\n"),
        ("--layer 2", "--layer"),  # settings are written out: an abbreviation may mean another one tomorrow
        ("lstm", "unrecognized arguments: lstm"),
        ("--nope 1", "-m tinygrad_rnn draw --help lists"),
        ("-o", "-o"),
        ("-o x.jpeg", "the suffix is .svg"),
        ("-o x", "the suffix is .svg"),
        ("-o .svg", "put a name before the suffix"),
        ("-o missing/x.svg", "create the folder first"),
        ("-o here", "is a folder"),
        ("-o here/", "is a folder"),
        ("-o file.svg/x.svg", "is not a folder"),
    ],
)
def test_a_mistake_is_told_in_a_line(run, line, says):
    Path("here").mkdir()
    Path("file.svg").write_text("kept")
    refused(run("draw", *line.split()), says)
    assert files() == ["file.svg", "here"]
    assert Path("file.svg").read_text() == "kept"


def test_a_folder_that_takes_no_files_is_refused_before_anything_is_computed(run, monkeypatch):
    def computed(*arguments):
        raise AssertionError("computed for nothing")

    Path("here").mkdir()
    monkeypatch.setattr(page_command, "demonstration", computed)
    monkeypatch.setattr(os, "access", lambda path, mode: os.fspath(path) != "here")
    refused(run("page", "-o", "here/x.html"), f"cannot write {Path('here', 'x.html')}: you may not write to that folder")
    refused(run("draw", "-o", "here/x.svg"), "you may not write to that folder")
    monkeypatch.setattr(os, "access", lambda path, mode: os.fspath(path) != ".")
    refused(run("page"), "cannot write bptt.html: you may not write to that folder")


def test_the_page_says_what_it_does_where_somebody_waits(run, monkeypatch):
    monkeypatch.setattr(page_command, "demonstration", lambda seed: "<p>")
    assert run("page") == (0, "", "wrote bptt.html\n")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    runs = len(list(page_command.combinations()))
    told = f"computing the {runs} runs of the page, which takes some seconds\nwrote bptt-2.html\n"
    assert run("page") == (0, "", told)


def test_more_mistakes(run):
    refused(run("draw", "-o", ""), "empty name")
    refused(run("paint"), "'paint'", f"{typed('-m', 'tinygrad_rnn')} --help")
    refused(run("--colour"), "--colour")


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_without_graphviz_it_says_what_to_install_and_what_was_written(run, monkeypatch, suffix):
    monkeypatch.setenv("PATH", "")
    refused(run("draw", "--steps", 2, "-o", f"x.{suffix}"), "x.svg was written in place of", "apt install graphviz")
    assert files() == ["x.svg"]


def test_ctrl_c_is_no_traceback(run, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(draw_command, "loss_of", stopped)
    assert run("draw") == (130, "", "")
    assert files() == []


# ---- help ----------------------------------------------------------------------------------------------------------------------


def test_alone_it_shows_its_commands(run):
    code, out, said = run()
    assert (code, said) == (0, "")
    assert out.startswith(f"usage: {typed('-m', 'tinygrad_rnn')}")
    assert all(name in out and module.HELP in out for name, module in command_line.COMMANDS.items())
    assert run("--help") == (0, out, "")


def test_help_names_every_setting_of_draw(run):
    code, out, _ = run("draw", "--help")
    assert code == 0
    settings = list(inspect.signature(tg.draw).parameters)
    assert settings[0] == "loss"
    assert [name for name in settings[1:] if f"--{name}" not in out] == []
    assert "lstm-2.svg if that is taken" in " ".join(out.split())


def test_help_fits_a_narrow_terminal(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")  # its path stands in the help, however long it is here
    for words in ((), ("draw", "--help"), ("draw", "--describe", "--steps", 20)):
        out = run(*words)[1]
        assert max(map(len, out.splitlines())) <= 60
        assert len(out) > 100


def test_version(run):
    assert run("--version") == (0, f"tinygrad_rnn {tg.__version__}\n", "")
    assert re.fullmatch(r"\d+\.\d+\.\d+\w*", tg.__version__)


def test_a_command_has_what_every_command_has():
    for name, module in command_line.COMMANDS.items():
        assert module.__doc__, name
        assert module.HELP
        assert callable(module.add_arguments)
        assert callable(module.run)


# ---- as a process --------------------------------------------------------------------------------------------------------------


def process(*words, start=subprocess.run, flags=(), **settings):
    """A process of its own, in which every warning is an error."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **settings.pop("env", {})}
    settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    return start([sys.executable, *flags, "-m", "tinygrad_rnn", *words], env=env, **settings)


def test_it_runs_from_anywhere_in_ascii():
    env = {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    done = process("draw", "--steps", "2", "--describe", "--title", "Größe", "-o", "ü ü.svg", env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert done.stderr == b"wrote \\xfc \\xfc.svg\n"
    assert "Größe" in Path("ü ü.svg").read_text(encoding="utf-8")


def test_a_picture_in_a_pipe_is_utf_8():
    done = process("draw", "--steps", "1", "-o", "-", env={"PYTHONIOENCODING": "ascii"})
    assert done.stdout.decode("utf-8").rstrip().endswith("</svg>")
    assert done.stderr == b""
    assert not done.stdout.isascii()


@posix
@pytest.mark.parametrize("words", [["draw", "--describe"], ["draw", "-o", "-"], ["--help"]], ids=" ".join)
def test_a_reader_that_goes_away_is_no_traceback(words):
    reading, writing = os.pipe()
    os.close(reading)
    done = process(*words, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@posix
def test_closed_streams():
    for words, code in (
        ("draw --describe >&-", 2), ("draw -o - >&-", 2), ("page -o - >&-", 2), ("step >&-", 2), ("draw -o x.svg >&- 2>&-", 0),
        ("draw --steps 0 2>&-", 2),
    ):  # fmt: skip
        line, env = f"exec '{sys.executable}' -m tinygrad_rnn {words}", {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(["sh", "-c", line], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == code, (words, done.stderr)
        assert "Traceback" not in done.stderr
        closed = bool(re.fullmatch("error: standard output is closed\n\nhint: [^\n]+\n", done.stderr))
        assert closed == (code == 2 and words.endswith(" >&-")), words


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that takes nothing")
@pytest.mark.parametrize(
    "words", [["draw", "--describe"], ["draw", "-o", "-"], ["step"], ["--help"], ["--version"]], ids=" ".join
)
def test_a_full_disk_behind_standard_output(words):
    with open("/dev/full", "wb") as full:
        done = process(*words, stdout=full)
    assert done.returncode == 2
    assert re.fullmatch(rb"error: standard output takes nothing more: [^\n]+\n\nhint: [^\n]+\n", done.stderr), done.stderr
    assert b" -o" not in done.stderr  # not every command has it


@posix
def test_ctrl_c_while_it_is_still_importing():
    """The first import of the package that takes time is NumPy's: here it never ends."""
    Path("numpy").mkdir()
    Path("numpy/__init__.py").write_text("import time; print('importing', flush=True); time.sleep(60)")
    env = {"PYTHONPATH": os.pathsep.join([str(Path.cwd()), str(ROOT)])}
    with process("draw", start=subprocess.Popen, env=env) as running:
        assert running.stdout.readline() == b"importing\n"
        running.send_signal(signal.SIGINT)
        out, said = running.communicate(timeout=60)
    assert (running.returncode, out, said) == (130, b"", b"")


def test_only_the_program_takes_ctrl_c():
    program = "import signal; before = signal.getsignal(2); import tinygrad_rnn; print(signal.getsignal(2) is before)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for code in (program, "import sys; sys.argv = ['-m'];" + program):
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
        assert done.stdout == f"{code == program}\n", done.stderr


@posix
def test_names_that_an_ascii_locale_cannot_say():
    """In such a locale `site` cannot read a .pth file that names a folder "ü", and NumPy does not start in one: links lead there."""
    folders = {f"path{k}": folder for k, folder in enumerate([ROOT, *filter(None, sys.path)])}
    for link, folder in folders.items():
        Path(link).symlink_to(folder, target_is_directory=True)
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": os.pathsep.join(folders)}
    done = process("draw", "--steps", "1", "--title", "Größe", "-o", "图 ü.svg", flags=["-S"], env=env)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(b"wrote ")
    assert done.stderr.isascii()
    assert "Größe" in Path("图 ü.svg").read_text(encoding="utf-8")
    done = process("draw", "-o", "fehlt ü/x.svg", flags=["-S"], env=env)
    refused((done.returncode, "", done.stderr.decode("ascii")), "create the folder first")


@posix
def test_ctrl_c_ends_a_process_without_a_traceback():
    program = (
        "import sys, time; import tinygrad_rnn.commands.draw as d; from tinygrad_rnn.commands import main\n"
        "def wait(args): print('here', flush=True); time.sleep(60)\n"
        "d.loss_of = wait; sys.exit(main(['draw', '-o', 'x.svg']))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", program], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout.readline() == b"here\n"
        running.send_signal(signal.SIGINT)
        out, said = running.communicate(timeout=60)
    assert (running.returncode, out, said) == (130, b"", b"")
    assert files() == []
