"""Tests stand as the package does: a folder a room, and a few that belong to no room."""

from pathlib import Path

import doors

TESTS = Path(__file__).resolve().parents[1]
ROOMS = {name.partition(".")[0] for name in doors.sources()} - {"", "__main__"}
OUTSIDE = {"benchmarks", "golden", "lessons", "reference", "support", "visuals", "whole"}


def strays(files):
    """Files that stand in no room, and tests among what tests share or share nothing in."""
    for path in files:
        room, test = path.parts[0], path.name.startswith("test_")
        shared = room in ("golden", "reference", "support")
        if len(path.parts) != 2 or room not in ROOMS | OUTSIDE or test == shared:
            yield str(path)


def test_every_test_stands_in_a_room():
    files = [path.relative_to(TESTS) for path in TESTS.rglob("*.py") if path.name != "conftest.py"]
    assert len(files) > 50
    assert list(strays(files)) == []


def test_a_test_that_has_lost_its_way_is_found():
    wrong = ["test_lost.py", "attic/test_box.py", "nn/cells/test_deep.py", "support/test_helper.py", "nn/helper.py"]
    assert list(strays(map(Path, wrong))) == wrong
    assert list(strays(map(Path, ["nn/test_cells.py", "support/doors.py", "errors/test_words.py"]))) == []
