"""The engine can be read from its first file to its last."""

import re

import doors

from tinygrad_rnn import engine


def test_no_file_needs_one_that_is_read_later():
    modules = doors.sources()
    order = re.search(r"comes later: (.*?);", engine.__doc__, re.DOTALL)[1].replace("\n", " ").split(", ")
    files = [name.removeprefix("engine.") for name in modules if re.fullmatch(r"engine\.\w+", name)]
    assert sorted([*order, "mistakes"]) == sorted(files)
    for k, name in enumerate(order):
        taken = {i.target for i in doors.imports(f"engine.{name}", modules) if not i.types and i.target.startswith("engine.")}
        read = {"engine.mistakes", *(f"engine.{earlier}" for earlier in order[:k])}
        assert {target for target in taken if not target.startswith("engine.mistakes.")} <= read, name
