"""The map of the house: drawn from the imports as they are, and every place that it names is there."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import doors
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = doors.sources()
PAGE = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def draw_map():
    spec = importlib.util.spec_from_file_location("draw_map", ROOT / "docs" / "draw_map.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_and_the_tables_are_true(draw_map):
    """If this fails: python docs/draw_map.py, and look at docs/map.svg."""
    assert (ROOT / "docs" / "map.svg").read_text(encoding="utf-8") == draw_map.picture(SOURCES)
    assert draw_map.page(PAGE, SOURCES) == PAGE


def test_a_new_door_changes_the_picture(draw_map):
    more = {**SOURCES, "data.vocab": SOURCES["data.vocab"] + "\nfrom ..engine.ops import OPS\n"}
    assert draw_map.picture(more) != draw_map.picture(SOURCES)
    assert draw_map.page(PAGE, more) != PAGE


def test_every_room_stands_above_those_it_uses(draw_map):
    used, _ = draw_map.doors_used(SOURCES)
    floor = draw_map.floors(used)
    assert all(floor[below] < floor[room] for room in used for below in used[room])
    assert set(floor) == {draw_map.room_of(name) for name in SOURCES} - {None}
    kept = draw_map.short_cuts_left_out(used)
    assert {room: draw_map.reachable(room, kept) for room in used} == {room: draw_map.reachable(room, used) for room in used}


def test_what_the_page_names_is_there():
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.py)?)`", PAGE)
    assert len(named) > 40
    for name in named:
        assert any((base / name).exists() for base in (ROOT, ROOT / "tinygrad_rnn")), name


def test_rooms_in_a_circle_are_told(draw_map):
    more = {**SOURCES, "data.vocab": SOURCES["data.vocab"] + "\ndef late():\n    from ..train import fit\n"}
    more["train.loop"] += "\nfrom ..data import vocab\n"
    with pytest.raises(ValueError, match=r"these rooms use each other: .*data"):
        draw_map.picture(more)


def test_the_engine_is_listed_whole():
    """That nothing needs what comes later is shown in tests/engine."""
    listed = [name.replace("/", ".") for name in re.findall(r"^\d+\. `(engine/[a-z_/]+)\.py`", PAGE, re.MULTILINE)]
    assert sorted(listed) == sorted(name for name in SOURCES if name.startswith("engine.") and name not in doors.faces(SOURCES))


def test_it_is_drawn_by_one_command(tmp_path):
    done = subprocess.run([sys.executable, ROOT / "docs" / "draw_map.py", tmp_path], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "map.svg").read_bytes() == (ROOT / "docs" / "map.svg").read_bytes()
