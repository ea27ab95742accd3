"""How often a reader goes from file to file with one picture: no two files call each other again and again."""

from collections import Counter
from functools import cache

import pytest

from benchmarks import walks

MOST = 100  # changes between two files, both ways, for an RNN of five steps

measured = cache(walks.measured)


def too_often(between):
    return [(pair, count) for pair, count in between.items() if count > MOST]


@pytest.mark.parametrize("job", ["draw", "svg"])
def test_no_pair_of_files_changes_hands_too_often(job):
    files, changes, between = measured()[job]
    assert too_often(between) == []
    assert files > 10  # it was counted at all
    assert changes > 500


def test_two_files_that_cannot_leave_each_other_are_found():
    assert too_often(Counter({("viz/style", "viz/view/tooltips"): MOST + 1, ("viz/a", "viz/b"): MOST})) == [
        (("viz/style", "viz/view/tooltips"), MOST + 1)
    ]
