"""A deprecation is one sentence, at the line of the caller, with what to use instead."""

import warnings

import pytest

from tinygrad_rnn.shared.call_site import deprecated


def test_it_points_at_the_line_that_called():
    with pytest.warns(DeprecationWarning, match=r"^tg\.old is deprecated, .* use tg\.new$") as said:
        deprecated("tg.old", "tg.new")
    assert [warning.filename for warning in said] == [__file__]


def test_it_is_said_once_a_place():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for _ in range(3):
            deprecated("tg.old", "tg.new")
    assert len(said) == 1
