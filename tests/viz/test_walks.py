"""How often a reader goes from file to file with one picture: no two files call each other again and again."""

import importlib
from collections import Counter
from pathlib import Path

import pytest

MOST = 100  # changes between two files, both ways, for an RNN of five steps


@pytest.fixture(scope="module")
def measured():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).resolve().parents[2])
        return importlib.import_module("benchmarks.walks").measured()


def too_often(between):
    return [(pair, count) for pair, count in between.items() if count > MOST]


@pytest.mark.parametrize("job", ["draw", "svg"])
def test_no_pair_of_files_changes_hands_too_often(measured, job):
    files, changes, between = measured[job]
    assert too_often(between) == []
    assert files > 10  # it was counted at all
    assert changes > 500


def test_two_files_that_cannot_leave_each_other_are_found():
    assert too_often(Counter({("viz/style", "viz/view/tooltips"): MOST + 1, ("viz/a", "viz/b"): MOST})) == [
        (("viz/style", "viz/view/tooltips"), MOST + 1)
    ]
