"""What is public is written down: a name, an argument or a default that changes is a decision, and completion lists no more."""

import difflib
import subprocess
import sys

import public_api
import pytest

import tinygrad_rnn as tg


def changes(found):
    """What differs between the stored lines and those found, with what to do about it; "" where nothing does."""
    stored = public_api.STORED.read_text(encoding="utf-8").splitlines()
    differing = [line for line in difflib.ndiff(stored, found) if line[:1] in "+-"]
    words = (
        "what is public has changed. Is that meant? Then run `python tests/reference/public_api.py`, and write a line into the "
        "CHANGELOG: a name that goes, or an argument that is called otherwise, is first deprecated (CONTRIBUTING, Versions)"
    )
    return "\n".join([words, *differing]) if differing else ""


def test_what_is_public_is_what_is_written_down():
    assert not changes(public_api.lines()), changes(public_api.lines())


def test_a_changed_default_a_new_argument_and_a_lost_name_are_seen(monkeypatch):
    def split(x, sections, axis=0, *, copy=True):
        """Another signature."""

    monkeypatch.setattr(tg, "split", split)
    monkeypatch.setattr(tg.optim, "__all__", [name for name in tg.optim.__all__ if name != "SGD"])
    monkeypatch.setattr(tg.nn.Linear.__init__, "__kwdefaults__", {"bias": False, "dtype": None})
    said = changes(public_api.lines())
    assert "+ tg.split(x, sections, axis=0, *, copy=True)" in said
    assert "+ tg.nn.Linear(input_size, output_size, *, rng, bias=False, dtype=None): Module" in said
    assert any(line.startswith("- tg.optim.SGD(") for line in said.splitlines())
    assert "python tests/reference/public_api.py" in said


def test_it_does_not_depend_on_what_was_imported_before():
    program = "import public_api; print(*public_api.lines(), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=public_api.STORED.parent)
    assert done.stdout.decode().splitlines() == public_api.lines()


@pytest.mark.parametrize("path", [path for path, value in public_api.named() if isinstance(value, type(tg))])
def test_completion_of_every_room_lists_public_names_alone(path):
    room = tg
    for name in path.split(".")[1:]:
        room = getattr(room, name)
    assert dir(room) == sorted(room.__all__)
