"""`python -m tinygrad_rnn step`: the transcript is the events, its numbers are true, and a person can leave it at any point."""

import contextlib
import math
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.commands import command_line, network
from tinygrad_rnn.engine.ops import OPS
from tinygrad_rnn.replay.stepper import play
from tinygrad_rnn.replay.worked_rule import worked

ROOT = Path(tg.__file__).parent.parent
NETWORKS = [
    "--cell rnn --steps 3",
    "--cell lstm --steps 2 --hidden-size 2",
    "--cell gru --steps 2 --layers 2 --bidirectional --loss every",
    "--cell rnn --nonlinearity relu --steps 2 --seed 3",
    "--cell gru --steps 1 --reset-before",
    "--cell seq2seq --attention --steps 2 --hidden-size 2",
]
SCOPE = {"sign": np.sign, "log": np.log, "sin": np.sin, "cos": np.cos, "inf": math.inf, "nan": math.nan, "__builtins__": {}}


def graph_of(words):
    return tg.snapshot(network.loss_of(command_line._parser().parse_args(["step", *words.split()])))


@pytest.fixture
def transcript(capsys, monkeypatch):
    """What `step` prints where it is not read from a terminal."""
    monkeypatch.setenv("COLUMNS", "100")

    def transcript(words):
        assert command_line.main(["step", *words.split()]) == 0
        out, said = capsys.readouterr()
        assert said == ""
        return out

    return transcript


# ---- the rule with numbers ---------------------------------------------------------------------------------------------------


def value_of(text):
    return float(eval(text, SCOPE))  # the terms are Python, made by this package


def cases_of_ops():
    """Each op on each of its cases."""
    for name, op in OPS.items():
        for k, case in enumerate(op.cases):
            draw = np.random.default_rng(k)
            inputs = [tg.Tensor(draw.uniform(case.low, case.high, shape), requires_grad=True) for shape in case.shapes]
            yield pytest.param(op, inputs, case.args, id=f"{name}-{k}")


def recorded(op, inputs, args):
    from tinygrad_rnn.engine.tensor import apply1, apply2, apply_list

    return apply_list(op, inputs, args) if not op.inputs else (apply1 if op.inputs == 1 else apply2)(op, *inputs, args)


@pytest.mark.parametrize(("op", "inputs", "args"), [*cases_of_ops()])
def test_the_terms_of_every_op_sum_to_what_was_sent(op, inputs, args):
    y = recorded(op, inputs, args)
    graph = tg.snapshot((y * np.random.default_rng(9).uniform(-1, 1, y.shape)).sum())
    node = next(r for r in graph if r.op == op.name)
    for slot in range(len(inputs)):
        found = worked(graph, node, slot, digits=17)
        if found is None:
            assert op.name in ("max", "maximum") or not graph.sent[node.id, slot].size
            continue
        sent = graph.sent[node.id, slot]
        assert found.result == sent[found.entry]
        assert abs(found.result) == np.abs(sent).max()
        assert sum(map(value_of, found.terms)) == pytest.approx(found.result, rel=1e-12, abs=1e-15)


def test_a_long_sum_is_cut_and_says_so():
    w = tg.Tensor(np.ones((1, 5)), requires_grad=True)
    graph = tg.snapshot(((w @ np.full((5, 4), -0.5)) ** 2).sum())
    node = next(r for r in graph if r.op == "matmul")
    assert worked(graph, node, 0).text == "-5 * (-0.5) + (-5) * (-0.5) + (-5) * (-0.5) + ... (4 terms)"


# ---- the transcript ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", NETWORKS)
def test_the_transcript_is_the_events(transcript, words):
    graph = graph_of(words)
    events = list(play(graph))
    text = transcript(words)
    blocks = re.split(r"\n\n(?=\d+/\d+  )", "\n" + text.partition("\n\nThe gradient of each weight")[0])[1:]
    assert len(blocks) == len(events)
    for block, event in zip(blocks, events, strict=True):
        flat = " ".join(block.split())
        assert flat.startswith(f"{event.number}/{len(events)} ")
        assert (event.node.name or event.node.op) in block.splitlines()[0]
        assert event.node.place in flat
        assert f"gradient: norm {np.linalg.norm(event.upstream):.3g}, shape {event.node.shape}" in flat
        assert f"rule: {event.rule}" in flat
        sent = re.findall(r"sends to (\S+)[^:]*: norm (\S+)", flat)
        assert sent == [(m.parent.name or m.parent.op, f"{np.linalg.norm(m.gradient):.3g}") for m in event.sent]


@pytest.mark.parametrize("words", NETWORKS)
def test_a_printed_event_is_the_first_lines_of_the_transcript(transcript, words):
    events = list(play(graph_of(words)))
    text = transcript(words).splitlines()
    for event in events:
        number, *lines = str(event).splitlines()
        assert number.split("  ", 1)[0] == str(event.number)
        assert len(lines) <= 7
        assert all(len(line) < 200 for line in lines)
        start = next(k for k, line in enumerate(text) if line.startswith(f"{event.number}/{len(events)}  "))
        told = text[start : start + 30]
        own = [line for line in lines if not line.startswith("  sends to ")]
        assert told[1 : 1 + len(own)] == own


def test_a_printed_event_tells_three_messages_one_by_one():
    parts = [tg.Tensor([1.0], requires_grad=True, name=f"w{k}") for k in range(5)]
    event = [event for event in tg.backward_steps(tg.concat(parts).sum())][1]
    assert str(event).splitlines()[-4:] == [*(f"  sends to w{k}: norm 1" for k in range(3)), "  and to 2 more"]


@pytest.mark.parametrize("words", NETWORKS)
def test_the_numbers_are_true(transcript, words):
    """Every calculation that is printed whole gives what stands behind it, as far as three digits can."""
    lines = re.findall(r"^    (?:\[[^\]]*\]: )?(\S.*) = (\S+)$", transcript(words), re.MULTILINE)
    whole = [(text, float(result)) for text, result in lines if "terms" not in text]
    assert len(whole) >= 5
    for text, result in whole:
        assert value_of(text) == pytest.approx(result, rel=0.03, abs=1e-12), text


@pytest.mark.parametrize("words", NETWORKS)
def test_uses_report_one_by_one(transcript, words):
    graph = graph_of(words)
    flat = " ".join(transcript(words).split())
    weights = [w for w in graph.parameters if sum(edge in graph.sent for edge in graph.reads(w)) > 1]
    for weight in weights:
        uses = sum(edge in graph.sent for edge in graph.reads(weight))
        lasting = flat.count(f"{weight.name}: {uses} uses, all have reported: norm {weight.grad_norm:.3g} in all")
        assert lasting >= 1
        for k in range(1, uses):
            assert f"{weight.name}: {uses} uses, {k} {'has' if k == 1 else 'have'} reported: norm " in flat


def test_who_is_waited_for(transcript):
    flat = " ".join(transcript("--cell rnn --steps 5").split())
    assert "Wh: 5 uses, 1 has reported: norm" in flat
    assert "so far; it waits for matmul at t=4, matmul at t=3, matmul at t=2 and 1 more" in flat
    assert "Wh: 5 uses, 4 have reported" in flat


def test_the_end_tells_weights_steps_and_what_became_of_the_gradient(transcript):
    graph = graph_of("--steps 4")
    end = transcript("--steps 4").partition("The gradient of each weight")[2]
    for name in ("Wx", "Wh", "b"):
        steps = {t: np.linalg.norm(g) for t, g in graph.contributions(name).items()}
        assert re.search(rf"^  {name} .*{graph.find(name).grad_norm:.3g}$", end, re.MULTILINE)
        assert re.search(rf"^  {name} .*  {steps[1]:.3g} to {steps[4]:.3g}$", end, re.MULTILINE)
    late, early = (np.linalg.norm(graph.find("h", t).grad) for t in (4, 1))
    way = f"{late / early:.3g} times smaller" if late >= early else f"{early / late:.3g} times larger"
    assert f"The gradient at h: norm {late:.3g} at t=4, {early:.3g} at t=1: {way}." in " ".join(end.split())


def test_directions_are_told_apart(transcript):
    end = " ".join(transcript("--cell lstm --layers 2 --bidirectional --steps 3").split())
    for layer in (1, 2):
        assert re.search(rf"gradient at h \(layer={layer} direction=1\): norm \S+ at t=3, \S+ at t=1: ", end)
        assert re.search(rf"gradient at h \(layer={layer} direction=-1\): norm \S+ at t=1, \S+ at t=3: ", end)
    assert "The gradient at h: norm" in transcript("--steps 1")


def test_weights_of_one_name_are_told_apart(transcript):
    text = transcript("--cell gru --layers 2 --bidirectional --steps 2")
    titles = re.findall(r"^\d+/\d+  ((?:Wx|Wh|b|bh)\b.*)$", text, re.MULTILINE)
    assert len(titles) == len(set(titles)) == 16
    assert {title.split(" ", 1)[1] for title in titles} == {f"layer={k} direction={d}" for k in (1, 2) for d in (1, -1)}
    assert "sends to Wh layer=2 direction=-1: norm" in text


def test_a_radius_that_overflows_is_no_traceback(transcript):
    assert "nan" in transcript("--steps 3 --spectral-radius 1e300 --nonlinearity relu")


def test_wrong_settings(capsys):
    for words, message in [
        ("--steps 0", "'0' is not a whole number of at least 1"),
        ("--cell rnn --forget-bias 1", "--forget-bias with --cell rnn"),
        ("--steps 9999", "are too many"),
        ("--hidden-size 9999 --cell lstm", "are too many"),
        ("--detail op", "unrecognized arguments: --detail op"),
    ]:
        assert command_line.main(["step", *words.split()]) == 2
        out, said = capsys.readouterr()
        assert out == ""
        assert said.startswith("error: ")
        assert message in said
        assert "\n\nhint: " in said


# ---- as a process --------------------------------------------------------------------------------------------------------------


def command(*options):
    return [sys.executable, *options, "-W", "error", "-m", "tinygrad_rnn", "step", "--steps", "2"]


def environment(**more):
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "60", "NO_COLOR": "1", **more}


def test_narrow_plain_and_optimized():
    plain = subprocess.run(command(), env=environment(PYTHONIOENCODING="ascii"), input=b"q\n", capture_output=True)
    assert (plain.returncode, plain.stderr) == (0, b"")
    lines = plain.stdout.decode("ascii").splitlines()
    assert max(map(len, lines)) <= 60
    assert "?" not in plain.stdout.decode("ascii")  # nothing was lost
    optimized = subprocess.run(command("-OO"), env=environment(PYTHONIOENCODING="ascii"), input=b"", capture_output=True)
    assert (optimized.returncode, optimized.stdout) == (0, plain.stdout)


posix = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals")


class Person:
    """Someone at a terminal: types, and reads until a text is there."""

    def __init__(self, **env):
        import pty

        self.screen, theirs = pty.openpty()
        self.child = subprocess.Popen(
            command(), env=environment(TERM="xterm", PYTHONIOENCODING="utf-8", **env), stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True, preexec_fn=lambda: _take_terminal(theirs),
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""

    def read_until(self, text):
        """What came on the screen since, up to that text."""
        end = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self.screen], [], [], 1)[0]:
                with contextlib.suppress(OSError):
                    self.seen += os.read(self.screen, 65536).decode("utf-8", "replace")
            assert self.child.poll() is None or text in self.seen or select.select([self.screen], [], [], 0)[0], self.seen
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        time.sleep(0.2)  # a person is slower: Ctrl-C between the question and the reading would wait for the next key
        os.write(self.screen, text.encode())

    def leave(self):
        """The exit code, and what was left on the screen."""
        code = self.child.wait(60)
        with contextlib.suppress(OSError):
            while select.select([self.screen], [], [], 0.2)[0] and (piece := os.read(self.screen, 65536)):
                self.seen += piece.decode("utf-8", "replace")
        os.close(self.screen)
        return code, self.seen


def _take_terminal(theirs):
    import fcntl
    import termios

    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)


@posix
def test_a_person_plays_it_to_the_end():
    person = Person()
    assert "Enter: the next node" in person.read_until("1/15  Enter")
    person.type("\n")
    assert "pow" in person.read_until("2/15  Enter")
    person.type("what\n")
    assert "Enter: the next node" in person.read_until("2/15  Enter")
    person.type("5\n")
    between = person.read_until("5/15  Enter")
    assert [f"\n{k}/15  " in between.replace("\r", "") for k in (2, 3, 4, 5)] == [False, True, True, True]
    person.type("t=1\n")
    assert "t=1 / RNNCell" in person.read_until("8/15  Enter")
    person.type("t=2\n")
    assert "No node of t=2 is left." in person.read_until("8/15  Enter")
    person.type("C\n")
    code, rest = person.leave()
    assert code == 0
    assert "15/15" in rest
    assert "The gradient of each weight" in rest
    assert "Traceback" not in rest


@posix
@pytest.mark.parametrize(("key", "code"), [("q\n", 0), ("\x04", 0), ("\x03", 130)], ids=["q", "EOF", "Ctrl-C"])
def test_a_person_leaves(key, code):
    person = Person()
    person.read_until("1/15  Enter, c, q, ? > ")
    person.type(key)
    left, rest = person.leave()
    assert left == code
    assert "The gradient of each weight" not in rest
    assert "Traceback" not in rest
    assert rest.endswith("\n")


def test_the_two_sides_of_seq2seq_are_told_apart(transcript):
    end = transcript("--cell seq2seq --steps 2").split("The gradient of each weight")[1]
    assert all(f"{weight} {side}" in end for weight in ("Wx", "Wh", "b", "bh") for side in ("encoder", "decoder"))
    assert re.findall(r"at h \((.+?)\): norm \S+ at t=(\d), \S+ at t=(\d)", end) == [("encoder", "2", "1"), ("decoder", "4", "3")]
