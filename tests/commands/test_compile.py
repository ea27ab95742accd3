"""`python -m tinygrad_rnn compile`: the program of a cell, as text that runs."""

import pytest

from tinygrad_rnn.commands import main


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_it_prints_a_program_that_python_takes(cell, capsysbinary):
    assert main(["compile", "--cell", cell, "--steps", "5"]) == 0
    text = capsysbinary.readouterr().out.decode()
    space = {}
    exec(text, space)
    assert callable(space["step"])
    assert text.count("for t in range(T") == text.count("for t in reversed(range(T") == 1


def test_seq2seq_is_a_loop_that_reads_and_one_that_writes(capsysbinary):
    assert main(["compile", "--cell", "seq2seq", "--attention", "--steps", "5"]) == 0
    text = capsysbinary.readouterr().out.decode()
    exec(text, {})
    assert text.count("for t in range(T") == text.count("for t in reversed(range(T") == 2


def test_values_are_a_line_each(capsysbinary):
    assert main(["compile", "--cell", "rnn", "--steps", "5", "--values"]) == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert lines[0].startswith("%0")
    assert sum(line.startswith("d loss / d ") for line in lines) == 3


def test_what_it_does_not_understand_is_said(capsys):
    assert main(["compile", "--cell", "transformer"]) == 2
    assert "invalid choice: 'transformer'" in capsys.readouterr().err
